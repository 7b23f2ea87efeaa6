"""Scores of the spiral study as its tables and pictures see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LABELS: Mapping[str, str] = {
    "frechet": "Fréchet",
    "sliced_wasserstein": "SW",
    "drifting": "Drifting",
    "mmd_rff": "MMD-RFF",
    "mmd_exact": "MMD-exact",
    "mmd_nystrom": "MMD-Nyström",
}


@dataclass(frozen=True)
class SpiralScore:
    """Recall and medDist of one trained cell."""

    discrepancy: str
    batch: int
    seed: int
    recall: float
    med_dist: float


Groups = dict[tuple[int, str], list[SpiralScore]]


def by_cell(scores: Sequence[SpiralScore]) -> Groups:
    """Return the scores of all seeds by (batch, discrepancy), in the order in which they come."""
    groups: Groups = {}
    for score in scores:
        groups.setdefault((score.batch, score.discrepancy), []).append(score)
    return groups
