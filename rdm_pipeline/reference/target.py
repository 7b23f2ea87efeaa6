"""What a run matches one encoder's features to, and by which discrepancy."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

# (coupled features of all ranks (N, d), start, stop, step) -> (share, gradient): the share of the
# rows start:stop in the score, a float64 scalar, and the score's gradient (stop - start, d) there.
# The shares of a partition of the rows add up to the score.
Share = Callable[[Tensor, int, int, int], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Target:
    """One encoder's side of the objective.

    label_beta: the weight of the one-hot class, in feature units; relative: whether the term is
    divided by its own size (method: section 4; drifting is used raw).
    """

    share: Share
    label_beta: float
    relative: bool = True
