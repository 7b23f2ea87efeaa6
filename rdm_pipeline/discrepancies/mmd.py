"""Maximum mean discrepancy between two sets of features, every pair counted."""

from torch import Tensor

from rdm_pipeline.discrepancies.checks import require_dim
from rdm_pipeline.discrepancies.kernels import gaussian_kernel
from rdm_pipeline.errors import RdmError


def exact_mmd2(g: Tensor, r: Tensor, gamma: float, biased: bool) -> Tensor:
    """MMD^2 with the Gaussian kernel between generated g and real r, differentiable.

    g (N, d), r (M, d) -> float64 scalar. The biased form (V-statistic) keeps the diagonals and is
    never negative; the unbiased one leaves them out and needs two rows of each, else RdmError.
    Source: method.md section 6, `mmd_exact`; Gretton et al. 2012.
    """
    require_dim(r, g.shape[-1], "real features")
    within = _mean_within(g, gamma, biased) + _mean_within(r, gamma, biased)
    return within - 2 * gaussian_kernel(g, r, gamma).double().mean()


def _mean_within(x: Tensor, gamma: float, biased: bool) -> Tensor:
    n = len(x)
    kernel = gaussian_kernel(x, x, gamma).double()
    if biased:
        return kernel.mean()
    if n < 2:
        raise RdmError(f"unbiased MMD: {n} row, needed at least 2")
    return (kernel.sum() - kernel.diagonal().sum()) / (n * (n - 1))
