"""How each discrepancy sees the data in the spiral study: the gradient that a step descends.

What a discrepancy freezes (statistics, random features, landmarks) it takes from all real points;
what it draws at every step comes from the run's generator of random numbers.
Source: method.md sections 6 and 10.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from rdm_pipeline.discrepancies.checks import draw_rows
from rdm_pipeline.discrepancies.drifting import drifting_loss
from rdm_pipeline.discrepancies.frechet import build_frechet_reference, frechet_distance2
from rdm_pipeline.discrepancies.kernels import bandwidth_gamma, median_bandwidth
from rdm_pipeline.discrepancies.nystrom import (
    NystromReference,
    exact_reference,
    nystrom_mmd2_with_grad,
)
from rdm_pipeline.discrepancies.rff import build_rff_bank, rff_mmd2
from rdm_pipeline.discrepancies.sliced_wasserstein import random_directions, sliced_wasserstein2
from rdm_pipeline.params.spiral import SpiralEstimators
from rdm_pipeline.reference.nystrom import build_nystrom_reference

Gradient = Callable[[Tensor], Tensor]
"""Generated features (B, d) -> the loss's gradient with respect to them (B, d)."""


def build_gradient(
    discrepancy: str, real: Tensor, settings: SpiralEstimators, random: torch.Generator
) -> Gradient:
    """The gradient of a discrepancy against real features (N, d)."""
    return BUILDERS[discrepancy](real, settings, random)


def _frechet(real: Tensor, settings: SpiralEstimators, random: torch.Generator) -> Gradient:
    reference = build_frechet_reference(real)
    return _of_loss(lambda g: frechet_distance2(g, reference))


def _sliced_wasserstein(
    real: Tensor, settings: SpiralEstimators, random: torch.Generator
) -> Gradient:
    def loss(g: Tensor) -> Tensor:
        directions = random_directions(real.shape[1], settings.directions, _seed(random))
        return sliced_wasserstein2(g, _draw(real, len(g), random), directions)

    return _of_loss(loss)


def _drifting(real: Tensor, settings: SpiralEstimators, random: torch.Generator) -> Gradient:
    def loss(g: Tensor) -> Tensor:
        drawn = _draw(real, settings.drifting_points, random)
        return drifting_loss(g[None], drawn[None], settings.temperatures)

    return _of_loss(loss)


def _mmd_rff(real: Tensor, settings: SpiralEstimators, random: torch.Generator) -> Gradient:
    banks = [
        build_rff_bank(real, sigma, settings.rff_features, _seed(random))
        for sigma in _sigmas(real, settings)
    ]
    return _of_loss(lambda g: torch.stack([rff_mmd2(g, bank) for bank in banks]).sum())


def _mmd_exact(real: Tensor, settings: SpiralEstimators, random: torch.Generator) -> Gradient:
    gammas = [bandwidth_gamma(sigma) for sigma in _sigmas(real, settings)]

    def gradient(g: Tensor) -> Tensor:
        drawn = _draw(real, len(g), random)
        return _summed(g, [exact_reference(drawn, gamma) for gamma in gammas])

    return gradient


def _mmd_nystrom(real: Tensor, settings: SpiralEstimators, random: torch.Generator) -> Gradient:
    references = [
        build_nystrom_reference(
            real, _draw(real, settings.landmarks, random), sigma, settings.jitter
        )
        for sigma in _sigmas(real, settings)
    ]
    return lambda g: _summed(g, references)


BUILDERS: Mapping[str, Callable[[Tensor, SpiralEstimators, torch.Generator], Gradient]] = {
    "frechet": _frechet,
    "sliced_wasserstein": _sliced_wasserstein,
    "drifting": _drifting,
    "mmd_rff": _mmd_rff,
    "mmd_exact": _mmd_exact,
    "mmd_nystrom": _mmd_nystrom,
}


def _of_loss(loss: Callable[[Tensor], Tensor]) -> Gradient:
    def gradient(g: Tensor) -> Tensor:
        leaf = g.detach().requires_grad_()
        return torch.autograd.grad(loss(leaf), leaf)[0]

    return gradient


def _summed(g: Tensor, references: Sequence[NystromReference]) -> Tensor:
    """The gradient of the sum of MMD^2 over bandwidths: that of one kernel, the sum of them.

    The repulsion is unbiased, a mean over the B (B - 1) pairs: at B = 8 the biased one, over B^2,
    is an eighth too weak. B / (B - 1) times the biased loss with that much less attraction.
    """
    share = (len(g) - 1) / len(g)
    gradients = [
        nystrom_mmd2_with_grad(g, replace(reference, alpha=share * reference.alpha))[1]
        for reference in references
    ]
    return torch.stack(gradients).sum(0) / share


def _sigmas(real: Tensor, settings: SpiralEstimators) -> list[float]:
    """The bandwidths in feature units; the median is over all pairs of real points."""
    median = median_bandwidth(real, 1.0, max_rows=len(real), seed=0)
    return [multiple * median for multiple in settings.bandwidths]


def _draw(real: Tensor, count: int, random: torch.Generator) -> Tensor:
    return real[draw_rows(len(real), count, random)]


def _seed(random: torch.Generator) -> int:
    return int(torch.randint(2**62, (), generator=random))
