"""The training discrepancy: exact repulsion, Nyström attraction (method.md section 3).

    L = (1/N^2) sum_ij k(g_i, g_j)  -  (2/N) sum_i k(g_i, Z) alpha  +  k_rr

The terms are of order 1 and L near 1/N: sums are taken in float64, those of one row of a block
(at most 1024 numbers) before that in the features' own type.
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
    mean_kernel,
)
from rdm_pipeline.errors import RdmError

BLOCK = 1024


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
    return NystromReference(real, alpha, gamma, mean_kernel(real, gamma))


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
    pull: Tensor | None,
) -> Tensor:
    """Return the score; turn `pull` (stop - start, d), zeros, into the gradient if there is one.

    dL/dg_i = (4 gamma / N) sum_j c_ij (y_j - g_i) over springs of strength c from row i to all
    points y: k / N to another row, -alpha k to a landmark.
    """
    n, own, gamma = len(g_all), stop - start, reference.gamma
    own_first = at_least_float32(g_all).roll(-start, dims=0)
    centre = amid(reference.landmarks.to(own_first.dtype))
    g = Points.of(own_first.sub_(centre))

    springs = _Springs(torch.zeros(own, dtype=torch.float64, device=g_all.device), pull)
    _repel(springs, g, own, gamma, block)
    repulsion = springs.strength.sum()
    _attract(springs, g[:own], centre, reference, block)
    if pull is not None:
        strength = springs.strength.to(pull.dtype)
        pull.addcmul_(strength[:, None], g.rows[:own], value=-1).mul_(4 * gamma / n)
    # The attraction counts twice in L, and k(g_i, g_i) = 1 is no spring.
    score = (own / n - repulsion + 2 * springs.strength.sum()) / n
    if not torch.isfinite(score):
        require_finite(g_all, "generated features")
    return score


@dataclass(frozen=True)
class _Springs:
    """Sums over each own row's springs: of c (own,) in float64 and, if wanted, c y (own, d)."""

    strength: Tensor
    pull: Tensor | None

    def add(self, rows: slice, c: Tensor, y: Tensor, scale: float) -> None:
        """Add springs of strength scale * c from some rows to the points y."""
        self.strength[rows].add_(c.sum(dim=1), alpha=scale)
        if self.pull is not None:
            self.pull[rows].addmm_(c, y, alpha=scale)


def _repel(springs: _Springs, g: Points, own: int, gamma: float, block: int) -> None:
    """Add the springs between the first `own` rows of g, and from them to the other rows.

    The square of the own rows is symmetric: a block of rows begins at the diagonal, and what lies
    right of it stands for what lies below. The diagonal itself puts no force on anything.
    """
    scale = 1 / len(g.rows)
    for first in range(0, own, block):
        last = min(first + block, own)
        k = g[first:last].gaussian_kernel(g[first:], gamma)
        k.diagonal().zero_()
        springs.add(slice(first, last), k, g.rows[first:], scale)
        if last < own:
            below = slice(last, own)
            springs.add(below, k[:, last - first : own - first].T, g.rows[first:last], scale)
        del k  # before the next block is made


def _attract(
    springs: _Springs, g: Points, centre: Tensor, reference: NystromReference, block: int
) -> None:
    """Add the springs from the rows of g to the landmarks."""
    landmarks, alphas = (t.to(g.rows.dtype) for t in (reference.landmarks, reference.alpha))
    for z_rows, alpha in zip(landmarks.split(block), alphas.split(block), strict=True):
        z = Points.of(z_rows - centre)
        weighted = g.gaussian_kernel(z, reference.gamma).mul_(alpha)
        springs.add(slice(None), weighted, z.rows, -1)
        del weighted  # before the next block is made


def _check_rows(g_all: Tensor, start: int, stop: int, reference: NystromReference) -> None:
    require_dim(g_all, reference.landmarks.shape[1], "generated features")
    if not 0 <= start <= stop <= len(g_all):
        raise RdmError(f"rows {start}:{stop} of the batch, allowed within 0:{len(g_all)}")
