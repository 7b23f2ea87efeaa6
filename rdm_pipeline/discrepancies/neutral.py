"""Two distances that no run trains on, for scoring runs that trained on different ones.

Both take two sets of features in any float type and are computed in float64, without gradient.
"""

import torch
from torch import Tensor

from rdm_pipeline.discrepancies.checks import require_dim
from rdm_pipeline.discrepancies.kernels import squared_distances
from rdm_pipeline.errors import RdmError

BLOCK = 2048


@torch.no_grad()
def energy_distance(g: Tensor, r: Tensor) -> Tensor:
    """2 E|x - y| - E|x - x'| - E|y - y'| over all pairs, diagonals included: never negative.

    g (N, d), r (M, d) -> float64 scalar in feature units. RdmError if the dimensions differ.
    Source: Székely and Rizzo 2013, the V-statistic.
    """
    require_dim(r, g.shape[-1], "real features")
    return 2 * _mean_distance(g, r) - _mean_distance(g, g) - _mean_distance(r, r)


@torch.no_grad()
def polynomial_mmd2(g: Tensor, r: Tensor) -> Tensor:
    """Unbiased MMD^2 with the kernel (x·y / d + 1)^3, as in the kernel inception distance.

    g (N, d), r (M, d) -> float64 scalar; 0 on average where both are draws of one law, so it may
    be negative. RdmError if the dimensions differ or a set is a single row.
    Source: Bińkowski et al. 2018.
    """
    require_dim(r, g.shape[-1], "real features")
    cross = _kernel_sum(g, r) / (len(g) * len(r))
    return _mean_off_diagonal(g) + _mean_off_diagonal(r) - 2 * cross


def _mean_distance(x: Tensor, y: Tensor) -> Tensor:
    total = torch.zeros((), dtype=torch.float64, device=x.device)
    for rows in x.double().split(BLOCK):
        total += squared_distances(rows, y.double()).sqrt().sum()
    return total / (len(x) * len(y))


def _mean_off_diagonal(x: Tensor) -> Tensor:
    n = len(x)
    if n < 2:
        raise RdmError(f"unbiased MMD: {n} row, needed at least 2")
    diagonal = _kernel(x.double().square().sum(dim=1), x.shape[1]).sum()
    return (_kernel_sum(x, x) - diagonal) / (n * (n - 1))


def _kernel_sum(x: Tensor, y: Tensor) -> Tensor:
    total = torch.zeros((), dtype=torch.float64, device=x.device)
    for rows in x.double().split(BLOCK):
        total += _kernel(rows @ y.double().T, x.shape[1]).sum()
    return total


def _kernel(inner: Tensor, dim: int) -> Tensor:
    return (inner / dim + 1) ** 3
