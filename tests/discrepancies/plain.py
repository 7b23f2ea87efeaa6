"""Test points, and slow float64 numpy definitions from the formulas to compare with."""

import numpy as np
import torch
from torch import Tensor


def points(rows: int, dim: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(rows, dim, generator=torch.Generator().manual_seed(seed))


def as_float64(x: Tensor) -> np.ndarray:
    return x.detach().double().numpy()


def squared_distances(x: Tensor, y: Tensor) -> np.ndarray:
    difference = as_float64(x)[:, None, :] - as_float64(y)[None, :, :]
    return (difference**2).sum(-1)


def kernel(x: Tensor, y: Tensor, gamma: float) -> np.ndarray:
    return np.exp(-gamma * squared_distances(x, y))


def nystrom_mmd2(g: Tensor, z: Tensor, alpha: Tensor, gamma: float, k_rr: float) -> float:
    repulsion = kernel(g, g, gamma).mean()
    attraction = (kernel(g, z, gamma) @ as_float64(alpha)).mean()
    return float(repulsion - 2 * attraction + k_rr)


def sliced_wasserstein(x: Tensor, y: Tensor, directions: Tensor) -> float:
    px = np.sort(as_float64(x) @ as_float64(directions), axis=0)
    py = np.sort(as_float64(y) @ as_float64(directions), axis=0)
    return float(np.sqrt(((px - py) ** 2).mean()))
