"""Files of scores by a model of human preference, and what two of them say of each other."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rdm_pipeline.artifacts import read_arrays
from rdm_pipeline.errors import RdmError
from rdm_pipeline.evaluation.preference import WinRate, matched_by, win_rate


@dataclass(frozen=True)
class Scored:
    """Scores (n,) float32 of images, the classes or prompts they are of, and where they are from.

    attrs: model, classes and, if there are, prompts and noise.
    """

    path: Path
    scores: Tensor
    labels: list[int]
    attrs: dict[str, Any]

    @property
    def mean(self) -> float:
        """The mean score."""
        return float(self.scores.mean())


def load_scored(path: Path) -> Scored:
    """Return what a file of scores holds."""
    arrays, attrs = read_arrays(path, "preference")
    return Scored(path, torch.from_numpy(arrays["scores"]), arrays["labels"].tolist(), attrs)


def compared(own: Scored, theirs: Scored) -> tuple[WinRate, str]:
    """Return how often `own` images are preferred, pair by pair, and what pairs share.

    Raises RdmError for pairs of other classes or prompts, from other noise or judged by another
    model; it names the file of `theirs`.
    """
    for key in ("model", "classes", "prompts"):
        if own.attrs.get(key) != theirs.attrs.get(key):
            raise RdmError(f"{theirs.path}: its {key} is not that of {own.path}, its other side")
    if own.labels != theirs.labels:
        raise RdmError(f"{theirs.path}: its images are not asked for as those of {own.path}")
    try:
        matched = matched_by(own.attrs.get("noise"), theirs.attrs.get("noise"))
        return win_rate(own.scores, theirs.scores), matched
    except RdmError as error:
        raise RdmError(f"{theirs.path}: {error}") from None
