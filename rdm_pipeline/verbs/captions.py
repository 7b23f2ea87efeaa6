"""rdm captions: what a dataset's images show in words, row by row."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from rdm_pipeline.artifacts import read_json, write_json_lines
from rdm_pipeline.datasets.source import read_captions
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.dataset import Captioned, Scenes


class Params(Section):
    """What captions reads."""

    dataset: Annotated[Captioned | Scenes, Field(discriminator="kind")]


def run(params: Params, *, raw: Path, train: Path, val: Path) -> None:
    """Write a line for each used image of a split: its prompt, and what the dataset says of it."""
    manifest = read_json(raw / "manifest.json")
    write_json_lines(train, read_captions(params.dataset, raw, manifest, "train"))
    write_json_lines(val, read_captions(params.dataset, raw, manifest, "val"))
