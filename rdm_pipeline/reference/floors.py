"""The real-validation floor that the controller holds each encoder to (method.md section 4)."""

import torch
from torch import Tensor

from rdm_pipeline.discrepancies.checks import draw_rows, require_finite
from rdm_pipeline.reference.draws import proportional_order
from rdm_pipeline.reference.target import Target


@torch.no_grad()
def controller_floor(
    val_features: Tensor,
    target: Target,
    batch: int,
    draws: int = 8,
    *,
    seed: int,
    labels: Tensor | None = None,
) -> tuple[float, float]:
    """Mean and population standard deviation of the score of random draws of real validation rows.

    val_features (N, d), coupled as the target's; each draw takes `batch` rows without replacement,
    `batch` being the one of the training. Where labels (N,) int64 are given, draws keep the shares
    of the classes, as a run with balanced labels does. Raises RdmError for batch > N and for
    non-finite features.
    """
    require_finite(val_features, "validation features")
    generator = torch.Generator().manual_seed(seed)
    scores = []
    for draw in range(draws):
        rows = draw_rows(len(val_features), batch, generator)  # refuses a batch that is too large
        if labels is not None:
            rows = proportional_order(labels, generator)[:batch]
        rows = rows.to(val_features.device)
        scores.append(target.share.score(val_features[rows], 0, batch, draw))
    values = torch.stack(scores)
    return float(values.mean()), float(values.std(correction=0))
