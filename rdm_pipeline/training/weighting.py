"""How the encoders of a battery are weighed from step to step."""

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from rdm_pipeline.params.runs import DwaSpec, Run
from rdm_pipeline.training.controller import LagrangianController

SMALLEST = 1e-12


class Weighting(Protocol):
    """Turns the raw scores (E,) of a step into the weights (E,) of the next; float64 on the CPU."""

    def update(self, scores: Tensor, floors: Tensor) -> Tensor:
        """Return the next step's weights; `floors` (E,) are those of this step's batch size."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed run needs."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up the state of an interrupted run."""
        ...


class Fixed:
    """All weights 1 at every step: the control of Table 3."""

    def update(self, scores: Tensor, floors: Tensor) -> Tensor:
        """Return ones."""
        return torch.ones_like(scores)

    def state_dict(self) -> dict[str, Any]:
        """Return nothing: there is no state."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up nothing."""


@dataclass
class DynamicWeightAverage:
    """More weight to encoders whose score falls more slowly than the others'.

    w_e = E softmax_e(r_e / T), r_e = L_e(t - 1) / L_e(t - 2); 1 before there are two scores.
    Source: Liu, Johns and Davison, End-to-end multi-task learning with attention, CVPR 2019.
    """

    spec: DwaSpec
    previous: Tensor | None = None

    def update(self, scores: Tensor, floors: Tensor) -> Tensor:
        """Return the weights, which add up to the number of encoders; floors play no part."""
        # near its floor an MMD^2 may be 0 or below, where a ratio says nothing
        before, self.previous = self.previous, scores.clamp(min=SMALLEST)
        if before is None:
            return torch.ones_like(scores)
        return len(scores) * torch.softmax(self.previous / before / self.spec.temperature, dim=0)

    def state_dict(self) -> dict[str, Any]:
        """Return the last scores."""
        return {"previous": self.previous}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up the last scores."""
        self.previous = state["previous"]


def build_weighting(run: Run) -> Weighting:
    """Return the weighting that a run names; all of them start with weights of 1."""
    if run.weighting == "controller":
        return LagrangianController(run.controller)
    if run.weighting == "dwa":
        return DynamicWeightAverage(run.dwa)
    return Fixed()
