"""Files of images as tensors."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from rdm_pipeline.artifacts import open_arrays, read_array, read_arrays


@dataclass(frozen=True)
class ImageSet:
    """What a file of images says about them, and which pictures could not be decoded."""

    rows: int
    channels: int
    size: int
    classes: list[str]
    left_out: list[str]


def describe_images(path: Path) -> ImageSet:
    """Return number, shape, class names and missing pictures of a file of images."""
    with open_arrays(path, "images") as file:
        rows, channels, size, _ = file["images"].shape
        classes, left_out = file.attrs["classes"], file.attrs.get("left_out", "[]")
        return ImageSet(rows, channels, size, json.loads(classes), json.loads(left_out))


def load_images(path: Path) -> tuple[Tensor, Tensor, list[str]]:
    """Return images (N, C, H, W) uint8, labels (N,) int64 and class names."""
    arrays, attrs = read_arrays(path, "images")
    images, labels = torch.from_numpy(arrays["images"]), torch.from_numpy(arrays["labels"])
    return images, labels, json.loads(attrs["classes"])


def load_labels(path: Path) -> Tensor:
    """Return the labels (N,) int64 of a file of images."""
    return torch.from_numpy(read_array(path, "images", "labels"))
