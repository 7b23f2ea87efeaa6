"""The training discrepancy: exact repulsion, Nyström attraction (method.md section 3).

    L = (1/N^2) sum_ij k(g_i, g_j)  -  (2/N) sum_i k(g_i, Z) alpha  +  k_rr

The terms are of order 1 and L near 1/N: sums over pairs are taken in float64.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from rdm_pipeline.discrepancies.checks import require_dim, require_finite
from rdm_pipeline.discrepancies.kernels import (
    Points,
    amid,
    at_least_float32,
    gaussian_kernel,
)
from rdm_pipeline.errors import RdmError

BLOCK = 512


@dataclass(frozen=True)
class NystromReference:
    """The frozen real side of L for one encoder.

    landmarks Z (M, d) and alpha (M,), float32; gamma = 1 / (2 sigma^2); k_rr = E k(r, r').
    """

    landmarks: Tensor
    alpha: Tensor
    gamma: float
    k_rr: float

    def to(self, device: torch.device | str) -> "NystromReference":
        """The same reference on another device."""
        return replace(self, landmarks=self.landmarks.to(device), alpha=self.alpha.to(device))


def exact_reference(real: Tensor, gamma: float) -> NystromReference:
    """The reference with which L is the exact biased MMD^2 against real (N, d).

    Its landmarks are the rows of `real`, alpha = 1/N each, and k_rr is the mean kernel over all
    pairs, diagonal included. Source: method.md section 6, `mmd_exact`.
    """
    alpha = torch.full((len(real),), 1 / len(real), device=real.device)
    k_rr = float(gaussian_kernel(real, real, gamma).mean(dtype=torch.float64))
    return NystromReference(real, alpha, gamma, k_rr)


def nystrom_mmd2(g: Tensor, reference: NystromReference) -> Tensor:
    """L of all generated features g (N, d) by its plain formula: float64 scalar, differentiable.

    Keeps N x N in memory; training uses `nystrom_mmd2_rows`. RdmError if d is not the reference's.
    """
    require_dim(g, reference.landmarks.shape[1], "generated features")
    repulsion = gaussian_kernel(g, g, reference.gamma).double().mean()
    to_landmarks = gaussian_kernel(g, reference.landmarks, reference.gamma).double()
    return repulsion - 2 * (to_landmarks @ reference.alpha.double()).mean() + reference.k_rr


@torch.no_grad()
def nystrom_mmd2_rows(
    g_all: Tensor, start: int, stop: int, reference: NystromReference, block: int = BLOCK
) -> tuple[Tensor, Tensor]:
    """The share of rows start:stop in L, and dL/dg of these rows, without an autograd graph.

    g_all (N, d) holds the generated features of all ranks. Returns (score, grad): `score` is a
    float64 scalar; the scores of a partition of the N rows add up to L - k_rr. `grad`
    (stop - start, d) is in float32 (float64 for float64 features).
    Memory: block x N. RdmError for rows outside 0..N, another d, non-finite features.
    Source: method.md section 3, the analytic gradient.
    """
    _check_rows(g_all, start, stop, reference)
    grad = at_least_float32(torch.zeros_like(g_all[start:stop]))
    return _share_of_rows(g_all, start, stop, reference, block, grad), grad


@torch.no_grad()
def nystrom_mmd2_rows_score(
    g_all: Tensor, start: int, stop: int, reference: NystromReference, block: int = BLOCK
) -> Tensor:
    """The score of `nystrom_mmd2_rows` alone, in less than half of its time."""
    _check_rows(g_all, start, stop, reference)
    return _share_of_rows(g_all, start, stop, reference, block, None)


def nystrom_mmd2_with_grad(g: Tensor, reference: NystromReference) -> tuple[Tensor, Tensor]:
    """L and dL/dg (N, d) of all generated features g (N, d); see `nystrom_mmd2_rows`."""
    score, grad = nystrom_mmd2_rows(g, 0, len(g), reference)
    return score + reference.k_rr, grad


def _share_of_rows(
    g_all: Tensor,
    start: int,
    stop: int,
    reference: NystromReference,
    block: int,
    grad: Tensor | None,
) -> Tensor:
    """Return the score; add the gradient to `grad` (stop - start, d), zeros, where it is wanted.

    dL/dg = (4 gamma / N) (K_gg g / N - K_gZ diag(alpha) Z - w g), w = row sums / N - a.
    """
    n, own = len(g_all), stop - start
    own_first = at_least_float32(g_all).roll(-start, dims=0)
    centre = amid(reference.landmarks.to(own_first.dtype))
    g = Points.of(own_first.sub_(centre))
    row_sum = _repulsion(g, own, reference.gamma, block, grad)
    a = _attraction(g[:own], centre, reference, block, grad)
    if grad is not None:
        w = (row_sum / n - a).to(grad.dtype)
        grad.addcmul_(w[:, None], g.rows[:own], value=-1).mul_(4 * reference.gamma / n)
    score = ((1 + row_sum) / n - 2 * a).sum() / n
    if not torch.isfinite(score):
        require_finite(g_all, "generated features")
    return score


def _repulsion(g: Points, own: int, gamma: float, block: int, grad: Tensor | None) -> Tensor:
    """Return the row sums of K_gg - I for the first `own` rows, float64; add K_gg g / N to `grad`.

    A point puts no force on itself, and k(x, x) = 1, which rounding would miss for a far outlier.
    """
    row_sum = torch.zeros(own, dtype=torch.float64, device=g.rows.device)
    for first in range(0, own, block):
        _repel(g, first, min(first + block, own), own, gamma, row_sum, grad)
    return row_sum


def _repel(
    g: Points, first: int, last: int, own: int, gamma: float, row_sum: Tensor, grad: Tensor | None
) -> None:
    """Add what a block of rows gives to `row_sum` and `grad`.

    The square of the own rows is symmetric: the block begins at the diagonal, and its part to the
    right of the diagonal stands, mirrored, for the part below.
    """
    k = g[first:last].gaussian_kernel(g[first:], gamma)
    k.diagonal().zero_()
    mirror = k[:, last - first : own - first].T
    row_sum[first:last] += k.sum(dim=1)
    row_sum[last:] += mirror.sum(dim=1)
    if grad is not None:
        scale = 1 / len(g.rows)
        grad[first:last].addmm_(k, g.rows[first:], alpha=scale)
        grad[last:].addmm_(mirror, g.rows[first:last], alpha=scale)


def _attraction(
    g: Points, centre: Tensor, reference: NystromReference, block: int, grad: Tensor | None
) -> Tensor:
    """Return a = K_gZ alpha, float64; subtract K_gZ diag(alpha) Z from `grad`."""
    a = torch.zeros(len(g.rows), dtype=torch.float64, device=g.rows.device)
    landmarks, alphas = (t.to(g.rows.dtype) for t in (reference.landmarks, reference.alpha))
    for z_rows, alpha in zip(landmarks.split(block), alphas.split(block), strict=True):
        z = Points.of(z_rows - centre)
        weighted = z.gaussian_kernel(g, reference.gamma).mul_(alpha[:, None])
        a += weighted.sum(dim=0)
        if grad is not None:
            grad.addmm_(weighted.T, z.rows, alpha=-1)
        del weighted  # before the next block is made
    return a


def _check_rows(g_all: Tensor, start: int, stop: int, reference: NystromReference) -> None:
    require_dim(g_all, reference.landmarks.shape[1], "generated features")
    if not 0 <= start <= stop <= len(g_all):
        raise RdmError(f"rows {start}:{stop} of the batch, allowed within 0:{len(g_all)}")
