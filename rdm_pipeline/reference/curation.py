"""Which rendered images are worth learning from: the right ones, or the best of each prompt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rdm_pipeline.errors import RdmError


@dataclass(frozen=True)
class Kept:
    """An image that is kept: its row, and why."""

    row: int
    why: str


def keep_correct(correct: Sequence[bool], detector: str) -> list[Kept]:
    """Return the rows of the images that the detector of this name found right, ascending."""
    return [Kept(row, f"correct by {detector}") for row, right in enumerate(correct) if right]


def keep_best(scores: np.ndarray, count: int) -> list[Kept]:
    """Return the rows of the `count` highest scores of each prompt, ascending.

    scores (P, n): row p n + s is sample s of prompt p. Of equal scores the earlier sample's counts
    as higher, so that the choice is one, and more samples never change it among the first ones.
    Raises RdmError for more than n and for scores that are not finite.
    """
    prompts, samples = scores.shape
    if count > samples:
        raise RdmError(f"best: {count} of {samples} samples of a prompt, allowed at most all")
    if not np.isfinite(scores).all():
        raise RdmError(f"best: {int((~np.isfinite(scores)).sum())} scores are not finite")
    kept = []
    for prompt in range(prompts):
        ranked = np.argsort(-scores[prompt], kind="stable")[:count]
        for place, sample in enumerate(ranked.tolist(), start=1):
            why = f"{place} of {samples} by preference, {scores[prompt, sample]:.4f}"
            kept.append(Kept(prompt * samples + sample, why))
    return sorted(kept, key=lambda each: each.row)


def keep_all(rows: int) -> list[Kept]:
    """Return all rows: those of the dataset itself."""
    return [Kept(row, "of the dataset") for row in range(rows)]


def shares(rows: Mapping[str, int]) -> dict[str, float]:
    """Return the share, in [0,1], that each part has of all rows."""
    total = sum(rows.values())
    return {name: count / total for name, count in rows.items()}
