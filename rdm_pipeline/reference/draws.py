"""Draws of real rows that keep the shares of the classes."""

import torch
from torch import Tensor


def proportional_order(labels: Tensor, generator: torch.Generator) -> Tensor:
    """Return all rows (N,) int64 in a random order whose every stretch has the classes' shares.

    labels (N,) int64. In a stretch of n rows a class of share p has n p rows, to within one at
    either end.
    """
    order = torch.randperm(len(labels), generator=generator)
    place = torch.empty(len(labels), dtype=torch.float64)
    for label in labels.unique():
        members = labels[order] == label
        count = int(members.sum())
        place[members] = (torch.arange(count, dtype=torch.float64) + 0.5) / count
    return order[torch.argsort(place, stable=True)]
