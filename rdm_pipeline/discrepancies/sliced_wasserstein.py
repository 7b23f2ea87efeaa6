"""Sliced Wasserstein distance, p = 2, between sets of equal size (method.md sections 6 and 8)."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from rdm_pipeline.discrepancies.checks import require_dim
from rdm_pipeline.discrepancies.kernels import at_least_float32
from rdm_pipeline.errors import RdmError

DIRECTIONS_AT_ONCE = 64


def random_directions(dim: int, count: int, seed: int) -> Tensor:
    """`count` unit vectors, uniform on the sphere: (dim, count) float32 on the CPU.

    From one CPU generator, so the same for every device and every way of chunking.
    """
    generator = torch.Generator().manual_seed(seed)
    directions = torch.randn(dim, count, generator=generator)
    return directions / directions.norm(dim=0)


def sorted_projections(x: Tensor, directions: Tensor) -> Tensor:
    """Project x (N, d) on directions (d, L) and sort along N -> (L, N), float32 or float64.

    Differentiable; directions are moved to the device of x. RdmError if the dimensions differ.
    """
    require_dim(x, len(directions), "features")
    x = at_least_float32(x)
    return _sort(directions.to(x).T @ x.T)


def sliced_wasserstein_sorted(px: Tensor, py: Tensor) -> Tensor:
    """SW of two sets from their sorted projections, both (L, N) -> float64 scalar.

    sqrt(mean over directions of the mean squared difference); differentiable where it is not 0.
    RdmError if the shapes differ: sets of unequal size are never truncated.
    """
    return _mean_square(px, py).sqrt()


def sliced_wasserstein(x: Tensor, y: Tensor, directions: Tensor) -> Tensor:
    """SW of x (N, d) and y (N, d) along directions (d, L) with unit columns -> float64 scalar.

    RdmError if the sets differ in size. Source: Bonneel et al. 2015; method.md section 8.
    """
    return sliced_wasserstein2(x, y, directions).sqrt()


def sliced_wasserstein2(x: Tensor, y: Tensor, directions: Tensor) -> Tensor:
    """SW^2 of x (N, d) and y (N, d), what training minimises -> float64 scalar.

    The mean over directions (d, L) of the mean squared difference of sorted projections, in
    squared feature units; differentiable, with gradient 0 where the sets coincide.
    RdmError if the sets differ in size. Source: method.md section 6, `sliced_wasserstein`.
    """
    if len(x) != len(y):
        raise RdmError(
            f"sliced Wasserstein: sets of {len(x)} and {len(y)} rows, allowed only equal"
        )
    return _mean_square(sorted_projections(x, directions), sorted_projections(y, directions))


def _mean_square(px: Tensor, py: Tensor) -> Tensor:
    if px.shape != py.shape:
        raise RdmError(
            "sliced Wasserstein: sets of (directions, rows) "
            f"{tuple(px.shape)} and {tuple(py.shape)}, allowed only equal ones"
        )
    chunks = zip(px.split(DIRECTIONS_AT_ONCE), py.split(DIRECTIONS_AT_ONCE), strict=True)
    total = sum((a - b).square().sum(dim=1).sum(dtype=torch.float64) for a, b in chunks)
    return total / torch.tensor(px.numel(), dtype=torch.float64, device=px.device)


def _sort(values: Tensor) -> Tensor:
    """Sort the rows: on a CPU by numpy, many times as fast as torch, on all of torch's threads."""
    if values.device.type != "cpu":
        return torch.cat([rows.sort(dim=1).values for rows in values.split(DIRECTIONS_AT_ONCE)])
    if values.requires_grad:
        order = np.argsort(values.detach().numpy(), axis=1)
        return values.gather(1, torch.from_numpy(order))
    parts = np.array_split(values.numpy(), torch.get_num_threads())
    with ThreadPoolExecutor(len(parts)) as pool:
        list(pool.map(lambda rows: rows.sort(axis=1), parts))
    return values
