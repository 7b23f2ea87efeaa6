"""rdm gather: the shards of an array as one."""

from pathlib import Path
from typing import Literal

from rdm_pipeline.artifacts import link_shards
from rdm_pipeline.params.base import Section


class Params(Section):
    """What gather reads."""

    kind: Literal["images", "features"]


def run(params: Params, *, shards: list[Path], whole: Path) -> None:
    """Write a virtual array over the shards, in the order given."""
    link_shards(whole, params.kind, shards)
