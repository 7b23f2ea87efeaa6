"""rdm geneval_sheet: the same prompts by several generators, side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import PositiveInt
from torch.nn import functional

from rdm_pipeline.artifacts import write_bytes
from rdm_pipeline.evaluation.geneval import TASKS
from rdm_pipeline.loading.geneval import first_samples, load_prompts_asked
from rdm_pipeline.params.base import Section
from rdm_pipeline.reporting.figures import sample_grid

PER_TASK = 3  # prompts
COLUMNS = 4  # images of a prompt
LARGEST = 128  # pixels of a side: larger images are shown smaller


class Params(Section):
    """What geneval_sheet reads."""

    labels: list[str]
    samples: PositiveInt


def run(params: Params, *, images: list[Path], metadata: Path, picture: Path) -> None:
    """Write a PNG: a row per prompt, a block of its first images per generator."""
    asked, columns = load_prompts_asked(metadata), min(params.samples, COLUMNS)
    rows = spread(asked)
    labels = np.arange(len(rows)).repeat(columns)
    panels = {
        label: (shown(first_samples(path, rows, columns, len(asked), params.samples)), labels)
        for label, path in zip(params.labels, images, strict=True)
    }
    write_bytes(picture, sample_grid(panels, [asked[row]["prompt"] for row in rows], columns))


def spread(asked: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the rows of some prompts of each task, ascending, as far apart as its prompts go."""
    chosen: set[int] = set()
    for task in TASKS:
        own = [row for row, prompt in enumerate(asked) if prompt["tag"] == task]
        places = np.linspace(0, len(own) - 1, min(PER_TASK, len(own))).astype(int)
        chosen |= {own[place] for place in places}
    return sorted(chosen)


def shown(images: np.ndarray) -> np.ndarray:
    """Return images (N,C,H,W) uint8 no larger than can be looked at side by side."""
    if images.shape[-1] <= LARGEST:
        return images
    size = (LARGEST, LARGEST)
    smaller = functional.interpolate(
        torch.from_numpy(images), size, mode="bilinear", antialias=True
    )
    return smaller.numpy()
