"""SW ratio: sliced Wasserstein distance to the training set in units of real data's own."""

import torch
from torch import Tensor

from rdm_pipeline.discrepancies.checks import require_finite
from rdm_pipeline.discrepancies.sliced_wasserstein import (
    sliced_wasserstein_sorted,
    sorted_projections,
)
from rdm_pipeline.errors import RdmError
from rdm_pipeline.reference.bank import EvaluationBank


@torch.no_grad()
def sw_ratio(generated: Tensor, bank: EvaluationBank) -> float:
    """SW(generated, train) / SW(val, train) for one encoder; fresh real data reads near 1.

    generated (samples, d) features. Raises RdmError for another number of rows, another d and
    non-finite rows. Source: method.md section 8, SW_r14.
    """
    if len(generated) != bank.samples:
        raise RdmError(f"SW ratio: {len(generated)} generated rows, allowed {bank.samples} exactly")
    require_finite(generated, "generated features")
    projections = sorted_projections(generated.float(), bank.directions())
    real = bank.train_projections.to(generated.device)
    return float(sliced_wasserstein_sorted(projections, real)) / bank.sw_floor
