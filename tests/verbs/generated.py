"""Files that generators are made from and sampled to: small, and with the shapes of a dataset."""

import json
from pathlib import Path

import numpy as np

from rdm_pipeline.artifacts import write_arrays
from tests.generators.plain_pmf import CHANNELS, CLASSES, SIZE


def write_images(path: Path, classes: int = CLASSES) -> Path:
    """Write a set of images for which `tests.generators.plain_pmf.tiny()` is made."""
    images = np.zeros((2 * classes, CHANNELS, SIZE, SIZE))
    names = [f"class {index}" for index in range(classes)]
    write_arrays(
        path,
        "images",
        {"images": images, "labels": np.arange(2 * classes) % classes},
        {"classes": json.dumps(names)},
    )
    return path
