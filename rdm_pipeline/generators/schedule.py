"""The learning rate of what is trained before matching starts."""

import math


def warmup_cosine(step: int, steps: int, warmup_steps: int) -> float:
    """Return the factor of the learning rate: linear warm-up, then half a cosine to zero."""
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    rest = (step - warmup_steps) / max(steps - warmup_steps, 1)
    return (1 + math.cos(math.pi * rest)) / 2
