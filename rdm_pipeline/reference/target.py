"""What a run matches one encoder's features to, and by which discrepancy."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


class Share(Protocol):
    """What a rank computes of a discrepancy: the share of its own rows in the score.

    g_all (N, d) are the coupled features of all ranks, start:stop the rank's rows. The shares of a
    partition of the rows, float64 scalars, add up to the score; `step` fixes what is drawn afresh.
    """

    def score(self, g_all: Tensor, start: int, stop: int, step: int) -> Tensor:
        """Return the share alone."""
        ...

    def with_gradient(
        self, g_all: Tensor, start: int, stop: int, step: int
    ) -> tuple[Tensor, Tensor]:
        """Return the share and the score's gradient (stop - start, d) at the rank's rows."""
        ...


@dataclass(frozen=True)
class Target:
    """One encoder's side of the objective.

    beta: the weight of the condition's code, in feature units; relative: whether the term is
    divided by its own size (method: section 4; drifting is used raw).
    """

    share: Share
    beta: float
    relative: bool = True
