"""rdm images: one shard of a split, decoded once."""

import json
from pathlib import Path
from typing import Literal

from pydantic import NonNegativeInt

from rdm_pipeline.artifacts import create_arrays, read_json
from rdm_pipeline.datasets.source import read_split, shard_rows
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.dataset import DatasetSpec


class Params(Section):
    """What images reads."""

    dataset: DatasetSpec
    split: Literal["train", "val"]
    shard: NonNegativeInt


def run(params: Params, *, raw: Path, images: Path) -> None:
    """Write images (n, C, H, W) uint8 and labels (n,) of one shard."""
    manifest = read_json(raw / "manifest.json")
    rows = shard_rows(params.dataset, manifest, params.split, params.shard)
    shape = (len(rows), params.dataset.channels, *[params.dataset.resolution] * 2)
    attrs = {"classes": json.dumps(manifest["classes"])}
    shapes = {"images": shape, "labels": (len(rows),)}
    with create_arrays(images, "images", shapes, attrs) as file:
        start = 0
        for block, labels in read_split(params.dataset, raw, manifest, params.split, params.shard):
            file["images"][start : start + len(block)] = block
            file["labels"][start : start + len(block)] = labels
            start += len(block)
