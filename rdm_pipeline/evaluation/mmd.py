"""MMD ratio: RFF-MMD^2 to the training set in units of real data's own."""

import torch
from torch import Tensor

from rdm_pipeline.discrepancies.checks import require_finite
from rdm_pipeline.discrepancies.rff import rff_mmd2
from rdm_pipeline.errors import RdmError
from rdm_pipeline.reference.bank import EvaluationBank


@torch.no_grad()
def mmd_ratio(generated: Tensor, bank: EvaluationBank) -> float:
    """RFF-MMD^2(generated, train) / RFF-MMD^2(val, train), both biased, for one encoder.

    generated (rff_rows, d) features: the bias falls with the number of rows, so another number
    is an RdmError, as are another d and non-finite rows. Source: method.md section 8, MMDr14.
    """
    if len(generated) != bank.rff_rows:
        raise RdmError(
            f"MMD ratio: {len(generated)} generated rows, allowed {bank.rff_rows} exactly"
        )
    require_finite(generated, "generated features")
    return float(rff_mmd2(generated.float(), bank.rff().to(generated.device))) / bank.rff_floor
