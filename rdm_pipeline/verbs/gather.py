"""rdm gather: the shards of an array as one."""

from pathlib import Path
from typing import Literal

from rdm_pipeline.artifacts import link_shards
from rdm_pipeline.loading.images import describe_images
from rdm_pipeline.params.base import Section
from rdm_pipeline.progress import note


class Params(Section):
    """What gather reads."""

    kind: Literal["images", "features"]


def run(params: Params, *, shards: list[Path], whole: Path) -> None:
    """Write a virtual array over the shards, in the order given."""
    link_shards(whole, params.kind, shards)
    left_out = describe_images(whole).left_out if params.kind == "images" else []
    if left_out:
        note("gather", f"{whole}: {len(left_out)} pictures left out: {', '.join(left_out)}")
