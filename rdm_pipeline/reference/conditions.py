"""What generated samples are conditioned on, as the generator and as the discrepancy see it."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor


def by_number(labels: Tensor) -> Tensor:
    """Return labels (B,) int64 as they are: what a class-conditional generator takes."""
    return labels


@dataclass(frozen=True)
class Conditions:
    """A pool of conditions that samples name by their rows: labels from 0 to P - 1.

    codes (P, c) float32: what is coupled to a sample's features; without columns where nothing is.
    inputs: labels (B,) int64 -> what the generator takes, such as text contexts (B, L, D).
    """

    codes: Tensor
    inputs: Callable[[Tensor], Tensor] = by_number
