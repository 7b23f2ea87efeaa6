"""rdm captions: what a dataset's images show in words, row by row."""

from pathlib import Path

from rdm_pipeline.artifacts import read_json, write_json_lines
from rdm_pipeline.datasets.scene_files import read_captions
from rdm_pipeline.params.base import Section


class Params(Section):
    """What captions reads: nothing."""


def run(params: Params, *, raw: Path, train: Path, val: Path) -> None:
    """Write a line for each image of a split: the prompt, what GenEval says of it, the label."""
    splits = read_json(raw / "manifest.json")["splits"]
    for split, target in (("train", train), ("val", val)):
        write_json_lines(target, read_captions(raw, splits[split]))
