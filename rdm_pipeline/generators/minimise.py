"""How what matching starts from is trained: AdamW, a linear warm-up, half a cosine to zero."""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.generators import Training
from rdm_pipeline.progress import Report

Loss = Callable[[Tensor, torch.Generator], Tensor]  # rows (B,) int64, randomness -> scalar


def minimise(
    loss: Loss,
    parameters: Iterable[nn.Parameter],
    count: int,
    spec: Training,
    random: torch.Generator,
    progress: Report,
    name: str,
) -> None:
    """Minimise `loss` over `parameters` in place, on batches drawn from `count` rows.

    Rows, and what the loss draws, come from `random`, on the CPU. Raises RdmError, which begins
    with `name`, with the step at which the loss stops being finite.
    """
    optimizer = torch.optim.AdamW(parameters, lr=spec.learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: warmup_cosine(step, spec.steps, spec.warmup_steps)
    )
    for step in range(spec.steps):
        rows = torch.randint(count, (spec.batch,), generator=random)
        value = loss(rows, random)
        if not value.isfinite():
            raise RdmError(
                f"{name}: the loss is {value.item()} at step {step} of {spec.steps}; "
                f"a learning_rate below {spec.learning_rate} may help"
            )
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        schedule.step()
        progress(step + 1, spec.steps, value.item())


def warmup_cosine(step: int, steps: int, warmup_steps: int) -> float:
    """Return the factor of the learning rate: linear warm-up, then half a cosine to zero."""
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    rest = (step - warmup_steps) / max(steps - warmup_steps, 1)
    return (1 + math.cos(math.pi * rest)) / 2
