"""Squared Fréchet distance between Gaussians fitted to two sets of features (method.md section 6).

    |mu_g - mu_r|^2 + Tr S_g + Tr S_r - 2 Tr (S_r^1/2 S_g S_r^1/2)^1/2

Everything is computed in float64: the last term is a sum of square roots of small numbers.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from rdm_pipeline.discrepancies.checks import require_dim, require_finite
from rdm_pipeline.errors import RdmError

JITTER = 1e-6  # on the generated covariance, in squared feature units


@dataclass(frozen=True)
class FrechetReference:
    """The frozen real side: mean (d,), root S_r^1/2 (d, d), both float64, and Tr S_r."""

    mean: Tensor
    root: Tensor
    trace: float


@torch.no_grad()
def build_frechet_reference(real: Tensor) -> FrechetReference:
    """Mean, root of the covariance (divided by N - 1) and its trace, of real features (N, d).

    Raises RdmError for a single row and for non-finite features.
    """
    require_finite(real, "real features")
    mean, covariance = _moments(real, "real features")
    values, vectors = torch.linalg.eigh(covariance)
    root = (vectors * _root(values)) @ vectors.T
    return FrechetReference(mean, root, float(covariance.trace()))


def frechet_distance2(g: Tensor, reference: FrechetReference) -> Tensor:
    """The formula above for generated features g (N, d) -> float64 scalar, differentiable.

    S_g is divided by N - 1 and gets 1e-6 on its diagonal. Where an eigenvalue of the product is
    rounding error (N <= d, duplicates, real features in a subspace), its root is 0 with gradient
    0. Raises RdmError for a single row and for another d.
    Source: Dowson and Landau 1982; method.md section 6, `frechet`.
    """
    require_dim(g, len(reference.mean), "generated features")
    mean, covariance = _moments(g, "generated features")
    covariance = covariance + JITTER * torch.eye(len(mean), dtype=mean.dtype, device=mean.device)
    product = reference.root @ covariance @ reference.root
    overlap = _root(torch.linalg.eigvalsh((product + product.T) / 2)).sum()
    means = (mean - reference.mean).square().sum()
    return means + covariance.trace() + reference.trace - 2 * overlap


def _moments(x: Tensor, name: str) -> tuple[Tensor, Tensor]:
    """Mean (d,) and covariance (d, d) of the rows of x (N, d), float64."""
    if len(x) < 2:
        raise RdmError(f"{name}: {len(x)} row, needed at least 2 for a covariance")
    x = x.double()
    mean = x.mean(dim=0)
    centred = x - mean
    return mean, centred.T @ centred / (len(x) - 1)


def _root(values: Tensor) -> Tensor:
    """Square roots of ascending eigenvalues (d,); 0 with gradient 0 where rounding made them."""
    floor = values[-1].detach() * len(values) * torch.finfo(values.dtype).eps
    kept = values > floor.clamp(min=0)
    return torch.where(kept, values, 1).sqrt() * kept
