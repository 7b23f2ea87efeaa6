"""The Gaussian kernel and its bandwidth (method.md section 2)."""

import numpy as np
import torch
from torch import Tensor

from rdm_pipeline.discrepancies.checks import draw_rows, require_dim, require_finite
from rdm_pipeline.errors import RdmError

SMALLEST_DISTANCE = 1e-5


def at_least_float32(x: Tensor) -> Tensor:
    """Return x in float32, or as it is where its type is wider."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """Squared Euclidean distances of every row of x to every row of y.

    x (N, d), y (M, d) -> (N, M), never negative, differentiable; float32, or float64 where an
    input is.
    """
    dtype = torch.promote_types(torch.promote_types(x.dtype, y.dtype), torch.float32)
    centre = _amid(y.detach().to(dtype))
    x, y = x.to(dtype) - centre, y.to(dtype) - centre
    distances = torch.addmm(y.square().sum(dim=1), x, y.T, alpha=-2)
    return distances.add_(x.square().sum(dim=1, keepdim=True)).clamp_(min=0)


def _amid(y: Tensor) -> Tensor:
    # |x|^2 - 2xy + |y|^2 cancels badly far from the origin, and raw features are not centred. Any
    # point amid the rows will do; the median of a few, unlike the mean, is not moved by an outlier.
    few = y[:32]
    return few.sort(dim=0).values[len(few) // 2]


def gaussian_kernel(x: Tensor, y: Tensor, gamma: float) -> Tensor:
    """exp(-gamma |x_i - y_j|^2) for every pair of rows.

    x (N, d), y (M, d) -> (N, M) in [0, 1], differentiable; `gamma` = 1 / (2 sigma^2).
    """
    return squared_distances(x, y).mul(-gamma).exp_()


def bandwidth_gamma(sigma: float) -> float:
    """gamma = 1 / (2 sigma^2) of a bandwidth in feature units; RdmError unless it is positive."""
    if not 0 < sigma < float("inf"):
        raise RdmError(f"sigma: {sigma}, allowed a positive number")
    return 1 / (2 * sigma**2)


def median_bandwidth(features: Tensor, scale: float, max_rows: int = 10_000, *, seed: int) -> float:
    """sigma = scale * sqrt(median squared distance) over a random subsample of the rows.

    features (N, d) with N >= 2; at most `max_rows` rows are drawn. sigma is in feature units.
    Raises RdmError for a single row and for non-finite features.
    Source: method.md section 2.
    """
    if len(features) < 2:
        raise RdmError(f"median_bandwidth: {len(features)} rows, needed at least 2")
    generator = torch.Generator().manual_seed(seed)
    rows = draw_rows(len(features), min(max_rows, len(features)), generator)
    sample = features[rows.to(features.device)]
    require_dim(sample, features.shape[-1], "median_bandwidth")
    require_finite(sample, "median_bandwidth")
    median = float(np.median(_pair_distances(sample).numpy(force=True)))
    return scale * max(median**0.5, SMALLEST_DISTANCE)


@torch.no_grad()
def _pair_distances(x: Tensor, block: int = 1024) -> Tensor:
    """Squared distances of the N (N - 1) / 2 pairs, in blocks: the full matrix is twice that."""
    pairs = []
    for first in range(0, len(x), block):
        distances = squared_distances(x[first : first + block], x[first:])
        above = torch.ones_like(distances, dtype=torch.bool).triu(diagonal=1)
        pairs.append(distances[above])
    return torch.cat(pairs)
