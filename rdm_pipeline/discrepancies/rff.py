"""MMD through random Fourier features (method.md sections 6 and 8)."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from rdm_pipeline.discrepancies.checks import require_dim, require_finite
from rdm_pipeline.discrepancies.kernels import at_least_float32, bandwidth_gamma


@dataclass(frozen=True)
class RffBank:
    """Frozen frequencies W (d, D) and phases b (D,), and the real mean mu_r (D,), float32."""

    weights: Tensor
    phases: Tensor
    mean: Tensor

    def to(self, device: torch.device | str) -> "RffBank":
        """The same bank on another device."""
        return RffBank(self.weights.to(device), self.phases.to(device), self.mean.to(device))


def draw_rff(dim: int, features: int, sigma: float, seed: int) -> tuple[Tensor, Tensor]:
    """Frequencies W ~ N(0, 1/sigma^2) (dim, features) and phases b ~ U[0, 2 pi) (features,).

    float32, from one CPU generator: the same on every device. RdmError unless sigma > 0.
    Source: Rahimi and Recht 2007.
    """
    bandwidth_gamma(sigma)
    generator = torch.Generator().manual_seed(seed)
    weights = torch.randn(dim, features, generator=generator) / sigma
    phases = torch.rand(features, generator=generator) * (2 * math.pi)
    return weights, phases


def random_fourier_features(x: Tensor, weights: Tensor, phases: Tensor) -> Tensor:
    """phi(x) = sqrt(2/D) cos(x W + b): x (N, d) -> (N, D), differentiable, float32 or float64."""
    x = at_least_float32(x)
    projected = torch.addmm(phases.to(x.dtype), x, weights.to(x.dtype))
    return math.sqrt(2 / weights.shape[1]) * projected.cos()


def mean_rff(x: Tensor, weights: Tensor, phases: Tensor, block: int = 4096) -> Tensor:
    """mean_i phi(x_i) over the rows of x (N, d) -> (D,), float64, differentiable, in blocks."""
    require_dim(x, len(weights), "features")
    total = torch.zeros(weights.shape[1], dtype=torch.float64, device=x.device)
    for rows in x.split(block):
        total = total + random_fourier_features(rows, weights, phases).sum(dim=0).double()
    return total / len(x)


def build_rff_bank(real: Tensor, sigma: float, features: int, seed: int) -> RffBank:
    """Draw the features on the device of real (N, d) and store their mean over it.

    RdmError for non-finite rows.
    """
    require_finite(real, "real features")
    weights, phases = (t.to(real.device) for t in draw_rff(real.shape[1], features, sigma, seed))
    return RffBank(weights, phases, mean_rff(real, weights, phases).float())


def rff_mmd2(g: Tensor, bank: RffBank) -> Tensor:
    """|mean phi(g) - mu_r|^2, the biased MMD^2 in feature space: g (N, d) -> float64 scalar.

    Differentiable. RdmError if d is not the bank's.
    """
    return (mean_rff(g, bank.weights, bank.phases) - bank.mean.double()).square().sum()
