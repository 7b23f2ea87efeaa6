"""The proportional Lagrangian controller: which encoders still pull, and how hard (section 4)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from rdm_pipeline.params.runs import ControllerSpec

TINY = 1e-12


@dataclass
class LagrangianController:
    """Turns raw scores (E,) into weights (E,) that sum to the budget E, or to 0 once all are met.

    All tensors are float64 on the CPU.
    """

    spec: ControllerSpec
    ema: Tensor | None = None
    integral: Tensor | None = None
    previous: Tensor | None = None

    def update(self, scores: Tensor, floors: Tensor) -> Tensor:
        """Take a step's scores (E,) and return the weights (E,) of the next step.

        `floors` (E,) are what real validation data scores at the step's batch size.
        """
        active = self._control(scores, floors)
        return budget_weights(active, len(scores), self.spec.temperature)

    def state_dict(self) -> dict[str, Tensor | None]:
        """Return what a resumed run needs."""
        return {"ema": self.ema, "integral": self.integral, "previous": self.previous}

    def load_state_dict(self, state: dict[str, Tensor | None]) -> None:
        """Take up the state of an interrupted run."""
        self.ema, self.integral, self.previous = (
            state[key] for key in ("ema", "integral", "previous")
        )

    def _control(self, scores: Tensor, floors: Tensor) -> Tensor:
        spec = self.spec
        if self.ema is None or self.integral is None or self.previous is None:
            self.ema, self.integral = scores.clone(), torch.zeros_like(scores)
            self.previous = self._error(floors)
        else:
            self.ema = (1 - spec.ema) * self.ema + spec.ema * scores
        error = self._error(floors)
        self.integral = self.integral + error
        control = spec.kp * error + spec.ki * self.integral + spec.kd * (error - self.previous)
        self.previous = error
        return control

    def _error(self, floors: Tensor) -> Tensor:
        assert self.ema is not None
        gap = self.ema - floors
        gap = gap / floors if self.spec.relative else gap
        return gap.clamp(-self.spec.error_clip, self.spec.error_clip)


def budget_weights(control: Tensor, budget: float, temperature: float) -> Tensor:
    """Share `budget` among the encoders with control > 0 by a softmax; the others get 0.

    control (E,) -> weights (E,); T = max(temperature x mean of the active control, 1e-12).
    """
    active = control > 0
    if not active.any():
        return torch.zeros_like(control)
    scale = max(temperature * float(control[active].mean()), TINY)
    logits = (control / scale).masked_fill(~active, float("-inf"))
    return budget * torch.softmax(logits, dim=0)
