"""rdm images: one shard of a split, decoded once."""

import json
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import NonNegativeInt

from rdm_pipeline.artifacts import create_arrays, read_json
from rdm_pipeline.datasets.manifest import Manifest
from rdm_pipeline.datasets.pictures import UnreadableError
from rdm_pipeline.datasets.source import read_split, shard_rows
from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.dataset import DatasetSpec
from rdm_pipeline.progress import Progress, note


class Params(Section):
    """What images reads."""

    dataset: DatasetSpec
    split: Literal["train", "val"]
    shard: NonNegativeInt


def run(params: Params, *, raw: Path, images: Path) -> None:
    """Write images (n, C, H, W) uint8 and labels (n,) of one shard.

    Pictures that cannot be decoded are left out if the parameters allow so many: the shard is
    then shorter, names them, and moves no other shard's rows.
    """
    manifest = read_json(raw / "manifest.json")
    rows = shard_rows(params.dataset, manifest, params.split, params.shard)
    try:
        _write(params, manifest, rows, [], raw, images)
    except UnreadableError as error:
        allowed, found = params.dataset.bad_images, len(error.paths)
        if found > allowed or found == len(rows):
            raise RdmError(f"{error}; dataset.bad_images allows {allowed} per shard") from None
        note(f"images {params.split} {params.shard}", f"left out: {error}")
        _write(params, manifest, np.delete(rows, error.positions), error.paths, raw, images)


def _write(
    params: Params,
    manifest: Manifest,
    rows: np.ndarray,
    left_out: list[str],
    raw: Path,
    images: Path,
) -> None:
    shape = (len(rows), params.dataset.channels, *[params.dataset.resolution] * 2)
    attrs = {"classes": json.dumps(manifest["classes"])}
    progress = Progress(f"images {params.split} {params.shard}", len(rows))
    with create_arrays(images, "images", {"images": shape, "labels": shape[:1]}, attrs) as file:
        if left_out:
            file.attrs["left_out"] = json.dumps(left_out)
        start = 0
        for block, labels in read_split(params.dataset, raw, manifest, params.split, rows):
            file["images"][start : start + len(block)] = block
            file["labels"][start : start + len(block)] = labels
            start += len(block)
            progress.update(start)
