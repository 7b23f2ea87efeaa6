"""Test points, and slow float64 numpy definitions from the formulas to compare with."""

import numpy as np
import scipy.linalg
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


def moments(x: Tensor) -> tuple[np.ndarray, np.ndarray]:
    array = as_float64(x)
    return array.mean(axis=0), np.cov(array, rowvar=False).reshape(x.shape[1], x.shape[1])


def frechet_distance2(g: Tensor, r: Tensor) -> float:
    (mu_g, s_g), (mu_r, s_r) = moments(g), moments(r)
    s_g = s_g + 1e-6 * np.eye(len(mu_g))
    overlap = np.trace(scipy.linalg.sqrtm(s_r @ s_g).real)
    return float(((mu_g - mu_r) ** 2).sum() + np.trace(s_g) + np.trace(s_r) - 2 * overlap)


def energy_distance(g: Tensor, r: Tensor) -> float:
    def mean_distance(x: Tensor, y: Tensor) -> float:
        return float(np.sqrt(squared_distances(x, y)).mean())

    return 2 * mean_distance(g, r) - mean_distance(g, g) - mean_distance(r, r)


def polynomial_mmd2(g: Tensor, r: Tensor) -> float:
    def kernel_matrix(x: Tensor, y: Tensor) -> np.ndarray:
        return (as_float64(x) @ as_float64(y).T / x.shape[1] + 1) ** 3

    def off_diagonal(x: Tensor) -> float:
        return float(kernel_matrix(x, x)[~np.eye(len(x), dtype=bool)].mean())

    return off_diagonal(g) + off_diagonal(r) - 2 * float(kernel_matrix(g, r).mean())


def drifting_field(g: Tensor, real: Tensor, temperatures: list[float]) -> tuple[np.ndarray, float]:
    """Point by point, from the docstring's formulas; a point is left out of its own softmax."""
    groups, count, size = g.shape
    between = [distance(a, b) for x, y in zip(g, real, strict=True) for a in x for b in y]
    within = [distance(x[i], x[j]) for x in g for i in range(count) for j in range(count) if i != j]
    scale = (sum(between) + sum(within)) / (len(between) + len(within)) / size**0.5
    field = np.zeros(g.shape)
    for t in temperatures:
        force = np.stack([_force(g[k] / scale, real[k] / scale, t) for k in range(groups)])
        field += force / np.sqrt((force**2).mean())
    return field, scale


def distance(a: Tensor, b: Tensor) -> float:
    return float(np.sqrt(((as_float64(a) - as_float64(b)) ** 2).sum()))


def _force(u: Tensor, v: Tensor, temperature: float) -> np.ndarray:
    count, size = u.shape
    others = np.concatenate([as_float64(v), as_float64(u)])
    allowed = np.ones((count, len(others)))
    allowed[:, len(v) :] -= np.eye(count)
    e = np.exp(-np.sqrt(squared_distances(u, torch.tensor(others))) / (temperature * size**0.5))
    e *= allowed
    affinity = np.sqrt((e / e.sum(1, keepdims=True)) * (e / e.sum(0, keepdims=True)))
    force = np.zeros((count, size))
    for i in range(count):
        p, n = affinity[i, : len(v)].sum(), affinity[i, len(v) :].sum()
        for j, y in enumerate(others):
            force[i] += affinity[i, j] * y * (n if j < len(v) else -p)
    return force
