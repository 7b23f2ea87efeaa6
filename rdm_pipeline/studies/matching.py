"""One cell of the spiral study: a small generator trained with one discrepancy at one batch."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rdm_pipeline.params.spiral import SpiralEstimators, SpiralTraining
from rdm_pipeline.studies.estimators import build_gradient

LATENT = 2


@dataclass(frozen=True)
class Cell:
    """What a generator is trained with."""

    discrepancy: str
    batch: int
    seed: int


def train_generator(
    cell: Cell,
    real: Tensor,
    training: SpiralTraining,
    estimators: SpiralEstimators,
    report: Callable[[int, int], None],
) -> nn.Module:
    """Train a generator of features like real (N, d) float32, and return it.

    Everything random comes from the cell's seed: the weights, then, from where they left the
    stream, what the discrepancy freezes and what each step draws. `report` is told (step, steps).
    """
    generator, random = small_network(real.shape[1], training.widths, cell.seed)
    gradient = build_gradient(cell.discrepancy, real, estimators, random)
    optimizer = torch.optim.Adam(generator.parameters(), training.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimizer, training.steps, training.final_learning_rate
    )
    for step in range(1, training.steps + 1):
        features = generator(torch.randn(cell.batch, LATENT, generator=random))
        optimizer.zero_grad()
        features.backward(gradient(features.detach()))
        nn.utils.clip_grad_norm_(generator.parameters(), training.clip)
        optimizer.step()
        schedule.step()
        report(step, training.steps)
    return generator


def small_network(dim: int, widths: list[int], seed: int) -> tuple[nn.Module, torch.Generator]:
    """A ReLU network R^2 -> R^dim with torch's default weights, and the stream they came from."""
    sizes = [LATENT, *widths, dim]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers: list[nn.Module] = []
        for inputs, outputs in itertools.pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        random = torch.Generator()
        random.set_state(torch.get_rng_state())
    return nn.Sequential(*layers[:-1]), random


@torch.no_grad()
def draw_samples(generator: nn.Module, count: int, frame: Tensor, seed: int) -> Tensor:
    """`count` samples, projected back to the plane by the frame (2, d): (count, 2) float32."""
    random = torch.Generator().manual_seed(seed)
    return generator(torch.randn(count, LATENT, generator=random)) @ frame.T
