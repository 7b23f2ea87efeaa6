"""The training discrepancy: exact repulsion, Nyström attraction (method.md section 3).

    L = (1/N^2) sum_ij k(g_i, g_j)  -  (2/N) sum_i k(g_i, Z) alpha  +  k_rr

The terms are of order 1 and L near 1/N: sums over pairs are taken in float64.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from rdm_pipeline.discrepancies.checks import require_dim, require_finite
from rdm_pipeline.discrepancies.kernels import at_least_float32, gaussian_kernel
from rdm_pipeline.errors import RdmError


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
    g_all: Tensor, start: int, stop: int, reference: NystromReference, block: int = 1024
) -> tuple[Tensor, Tensor]:
    """The share of rows start:stop in L, and dL/dg of these rows, without an autograd graph.

    g_all (N, d) holds the generated features of all ranks. Returns (score, grad): `score` is a
    float64 scalar; the scores of a partition of the N rows add up to L - k_rr. `grad`
    (stop - start, d) is in float32 (float64 for float64 features).
    Memory: block x N. RdmError for rows outside 0..N, another d, non-finite features.
    Source: method.md section 3, the analytic gradient.
    """
    _check_rows(g_all, start, stop, reference)
    g = at_least_float32(g_all)
    z, alpha = reference.landmarks.to(g.dtype), reference.alpha.to(g.dtype)
    n, gamma = len(g), reference.gamma
    alpha_z = alpha[:, None] * z

    score = torch.zeros((), dtype=torch.float64, device=g.device)
    grad = torch.empty_like(g[start:stop])
    for first in range(start, stop, block):
        x = g[first : min(first + block, stop)]
        k_gg = gaussian_kernel(x, g, gamma)
        row_sum = k_gg.sum(dim=1, dtype=torch.float64)
        k_gz = gaussian_kernel(x, z, gamma)
        a = k_gz.double() @ reference.alpha.double()

        score += row_sum.sum() / n**2 - 2 * a.sum() / n
        repulsion = row_sum.to(g.dtype)[:, None] * x - k_gg @ g
        attraction = a.to(g.dtype)[:, None] * x - k_gz @ alpha_z
        grad[first - start : first - start + len(x)] = (4 * gamma / n) * (
            attraction - repulsion / n
        )
    if not torch.isfinite(score):
        require_finite(g_all, "generated features")
    return score, grad


def nystrom_mmd2_with_grad(g: Tensor, reference: NystromReference) -> tuple[Tensor, Tensor]:
    """L and dL/dg (N, d) of all generated features g (N, d); see `nystrom_mmd2_rows`."""
    score, grad = nystrom_mmd2_rows(g, 0, len(g), reference)
    return score + reference.k_rr, grad


def _check_rows(g_all: Tensor, start: int, stop: int, reference: NystromReference) -> None:
    require_dim(g_all, reference.landmarks.shape[1], "generated features")
    if not 0 <= start <= stop <= len(g_all):
        raise RdmError(f"rows {start}:{stop} of the batch, allowed within 0:{len(g_all)}")
