"""The real side of the training discrepancy, solved once per encoder (method.md section 3)."""

import torch
from torch import Tensor

from rdm_pipeline.discrepancies.checks import require_dim, require_finite
from rdm_pipeline.discrepancies.kernels import bandwidth_gamma, gaussian_kernel, mean_kernel
from rdm_pipeline.discrepancies.nystrom import NystromReference
from rdm_pipeline.errors import RdmError

BLOCK = 2048


@torch.no_grad()
def build_nystrom_reference(
    features: Tensor,
    landmarks: Tensor,
    sigma: float,
    jitter: float = 1e-6,
    k_rr_rows: int = 100_000,
) -> NystromReference:
    """alpha = (K_ZZ + jitter I)^-1 mean_j k(Z, r_j) over the whole pool, and k_rr.

    features (N, d), landmarks (M, d), sigma in feature units. The system is solved in float64 and
    stored in float32; k_rr is over the first `k_rr_rows` rows, diagonal included.
    Raises RdmError for non-finite features and for a singular system.
    """
    require_dim(features, landmarks.shape[1], "training features")
    require_finite(features, "training features")
    gamma = bandwidth_gamma(sigma)
    alpha = _solve(landmarks, _mean_embedding(features, landmarks, gamma), gamma, jitter)
    k_rr = mean_kernel(features[:k_rr_rows], gamma)
    return NystromReference(landmarks.float(), alpha.float(), gamma, k_rr)


def _mean_embedding(features: Tensor, landmarks: Tensor, gamma: float) -> Tensor:
    """mu_k = mean_j k(Z_k, r_j) over all rows, float64 (M,)."""
    total = torch.zeros(len(landmarks), dtype=torch.float64, device=features.device)
    for rows in features.split(BLOCK):
        total += gaussian_kernel(rows, landmarks, gamma).sum(dim=0, dtype=torch.float64)
    return total / len(features)


def _solve(landmarks: Tensor, mu: Tensor, gamma: float, jitter: float) -> Tensor:
    z = landmarks.double()
    system = gaussian_kernel(z, z, gamma)
    system.diagonal().add_(jitter)
    factor, info = torch.linalg.cholesky_ex(system)
    if int(info):
        raise RdmError(
            f"landmark system of {len(z)} landmarks is singular at jitter {jitter}: "
            "raise the jitter, lower sigma or take fewer landmarks"
        )
    return torch.cholesky_solve(mu[:, None], factor)[:, 0]
