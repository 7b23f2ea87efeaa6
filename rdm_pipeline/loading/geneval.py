"""Files of GenEval's prompts, and of the images that were generated for them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rdm_pipeline.artifacts import open_arrays, read_json_lines
from rdm_pipeline.errors import RdmError
from rdm_pipeline.evaluation.geneval_lines import parse_prompts


def load_prompts_asked(path: Path) -> list[dict[str, Any]]:
    """Return what every prompt asks for, from an evaluation_metadata.jsonl."""
    return parse_prompts(read_json_lines(path), str(path))


def samples_of_prompts(
    images: Path, prompts: list[dict[str, Any]], samples: int
) -> Iterator[tuple[str, int, np.ndarray]]:
    """Yield each image's path in the official layout, the row of its prompt, (C,H,W) uint8 pixels.

    Raises RdmError unless the labels are rows of `prompts` in their order, `samples` images each.
    """
    with open_arrays(images, "images") as file:
        labels = file["labels"][...]
        _require_order(images, labels, len(prompts), samples)
        for row, label in enumerate(labels.tolist()):
            name = f"{label:05}/samples/{row % samples:04}.png"
            yield name, label, file["images"][row]


def first_samples(
    images: Path, rows: Sequence[int], count: int, prompts: int, samples: int
) -> np.ndarray:
    """Return the first `count` images of each of some prompts (rows count, C, H, W) uint8.

    `rows` ascend. Raises RdmError as `samples_of_prompts` does.
    """
    with open_arrays(images, "images") as file:
        _require_order(images, file["labels"][...], prompts, samples)
        places = [row * samples + sample for row in rows for sample in range(count)]
        pictures: np.ndarray = file["images"][places]
        return pictures


def _require_order(images: Path, labels: np.ndarray, prompts: int, samples: int) -> None:
    if not np.array_equal(labels, np.repeat(np.arange(prompts), samples)):
        what = f"{samples} images of each of {prompts} prompts, in their order"
        raise RdmError(f"{images}: found labels of {len(labels)} images, expected {what}")
