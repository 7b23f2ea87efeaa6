"""The Gaussian kernel and its bandwidth (method.md section 2)."""

from dataclasses import dataclass
from typing import Self

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
    centre = amid(y.detach().to(dtype))
    return Points.of(x.to(dtype) - centre).squared_distances(Points.of(y.to(dtype) - centre))


def gaussian_kernel(x: Tensor, y: Tensor, gamma: float) -> Tensor:
    """exp(-gamma |x_i - y_j|^2) for every pair of rows.

    x (N, d), y (M, d) -> (N, M) in [0, 1], differentiable; `gamma` = 1 / (2 sigma^2).
    """
    return squared_distances(x, y).mul_(-gamma).exp_()


@torch.no_grad()
def mean_kernel(x: Tensor, gamma: float, block: int = 2048) -> float:
    """Mean of k(x_i, x_j) over all pairs of rows of x (N, d), diagonal included, tile by tile."""
    tiles = x.split(block)
    total = torch.zeros((), dtype=torch.float64, device=x.device)
    for i, rows in enumerate(tiles):
        total += gaussian_kernel(rows, rows, gamma).sum(dtype=torch.float64)
        for columns in tiles[i + 1 :]:
            # The kernel is symmetric: a tile above the diagonal stands for its mirror image too.
            total += 2 * gaussian_kernel(rows, columns, gamma).sum(dtype=torch.float64)
    return float(total) / len(x) ** 2


def amid(x: Tensor) -> Tensor:
    """A point (d,) amid the rows of x (N, d), to serve as their origin.

    |x|^2 - 2xy + |y|^2 cancels badly far from the origin, and raw features are not centred. Any
    point amid the rows will do; the median of a few, unlike the mean, is not moved by an outlier.
    """
    few = x[:32]
    return few.sort(dim=0).values[len(few) // 2]


@dataclass(frozen=True)
class Points:
    """Rows (N, d) near the origin and their squared norms (N,): one GEMM from distances."""

    rows: Tensor
    norms: Tensor

    @classmethod
    def of(cls, rows: Tensor) -> Self:
        """The points at these rows (N, d), float32 or float64, less a centre that all share."""
        return cls(rows, rows.norm(dim=1).square())

    def __getitem__(self, rows: slice) -> Self:
        """A view of some of the points."""
        return type(self)(self.rows[rows], self.norms[rows])

    def squared_distances(self, other: Self) -> Tensor:
        """Squared distances (N, M) to points of the same centre, never negative."""
        distances = torch.addmm(other.norms, self.rows, other.rows.T, alpha=-2)
        return distances.add_(self.norms[:, None]).clamp_(min=0)

    def gaussian_kernel(self, other: Self, gamma: float) -> Tensor:
        """exp(-gamma |x_i - y_j|^2) (N, M) with points of the same centre."""
        return self.squared_distances(other).mul_(-gamma).exp_()


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
