"""The one interface to raw data, whatever the dataset: fetch, describe, read a shard."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from rdm_pipeline.datasets import coco, fashion_mnist, pictures, scene_files
from rdm_pipeline.datasets.manifest import Manifest
from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.dataset import (
    Captioned,
    DatasetSpec,
    FashionMnist,
    ImageFolder,
    Scenes,
    Split,
)


def fetch(spec: DatasetSpec, raw_dir: Path) -> Manifest:
    """Make the raw data available and return its manifest; a user's pictures are only read.

    Raises RdmError if the data cannot be had or are damaged.
    """
    if isinstance(spec, FashionMnist):
        fashion_mnist.fetch(spec.source, raw_dir)
        return fashion_mnist.manifest(raw_dir)
    if isinstance(spec, Scenes):
        return scene_files.fetch(spec, raw_dir)
    if isinstance(spec, Captioned):
        return coco.fetch(spec, raw_dir)
    return pictures.fetch(spec, raw_dir)


def split_count(spec: DatasetSpec, manifest: Manifest, split: Split) -> int:
    """Return how many images of a split are used: all of them, or the limit."""
    count = manifest["splits"][split]["count"]
    limit = getattr(spec.limits, split)
    return count if limit is None else min(limit, count)


def shard_rows(spec: DatasetSpec, manifest: Manifest, split: Split, shard: int) -> np.ndarray:
    """Return the raw row numbers (n,) int64 of shard `shard` (from 0) of a split.

    Shard k of K holds the used rows [k n // K, (k+1) n // K). A limit uses the first rows where
    classes are mixed, and evenly spaced pictures of the user's own, sorted by class.
    Raises RdmError for a shard that does not exist or more shards than images.
    """
    shards: int = getattr(spec.shards, split)
    used = split_count(spec, manifest, split)
    if shards > used:
        raise RdmError(f"dataset.shards.{split}: {shards} shards for {used} images; at most {used}")
    if not 0 <= shard < shards:
        raise RdmError(f"shard {shard} of {split}: dataset.shards.{split} allows 0 to {shards - 1}")
    rows = np.arange(shard * used // shards, (shard + 1) * used // shards)
    if isinstance(spec, ImageFolder):
        return rows * manifest["splits"][split]["count"] // used
    return rows


def read_split(
    spec: DatasetSpec, raw_dir: Path, manifest: Manifest, split: Split, rows: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield blocks of images (n,C,H,W) uint8 and labels (n,) int64 of ascending rows of a split.

    Every raw file is checked against the manifest before it is read; RdmError if it differs.
    """
    files = manifest["splits"][split]
    if isinstance(spec, FashionMnist):
        yield from fashion_mnist.read_rows(raw_dir, files, rows)
    elif isinstance(spec, Scenes):
        yield from scene_files.read_rows(raw_dir, files, rows, spec.resolution)
    else:
        root = Path(spec.train if split == "train" else spec.val)
        yield from pictures.read_rows(spec, root, raw_dir, files, rows)


def read_captions(
    spec: Captioned | Scenes, raw_dir: Path, manifest: Manifest, split: Split
) -> list[dict[str, Any]]:
    """Return what the used images of a split show in words, row by row, each with its `prompt`."""
    files = manifest["splits"][split]
    if isinstance(spec, Scenes):
        return scene_files.read_captions(raw_dir, files)
    return coco.read_captions(raw_dir, files, split_count(spec, manifest, split))
