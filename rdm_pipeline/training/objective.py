"""The battery objective: one self-normalised discrepancy per encoder, weighted and summed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from rdm_pipeline.discrepancies.nystrom import nystrom_mmd2_rows, nystrom_mmd2_rows_score
from rdm_pipeline.errors import RdmError
from rdm_pipeline.reference.coupling import couple_labels
from rdm_pipeline.reference.target import Target

EPSILON = 1e-7


@dataclass(frozen=True)
class Rows:
    """The rows of the global batch that this rank generated: start (included) to stop."""

    start: int
    stop: int


def battery_gradients(
    features: Mapping[str, Tensor],
    labels: Tensor,
    classes: int,
    targets: Mapping[str, Target],
    weights: Tensor,
    rows: Rows,
    add_ranks: Callable[[Tensor], Tensor],
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the raw scores (E,) float64 and the total's gradient for this rank's features.

    features: per encoder (N, d) of all ranks; labels: (N,) int64; weights: (E,) in the order of
    `targets`. total = sum_e weight_e L_e / (|L_e|.detach() + 1e-7) (method: section 4). The
    gradient holds (rows, d) for each encoder whose weight is not 0. `add_ranks` sums a tensor
    over ranks. RdmError if a score is not finite.
    """
    shares, gradients = [], {}
    for weight, (name, target) in zip(weights, targets.items(), strict=True):
        coupled = couple_labels(features[name], labels, classes, target.label_beta)
        share_of = (coupled, rows.start, rows.stop, target.reference)
        if weight == 0:
            share = nystrom_mmd2_rows_score(*share_of)
        else:
            share, gradient = nystrom_mmd2_rows(*share_of)
            gradients[name] = gradient[:, : features[name].shape[1]]
        shares.append(share)
    k_rr = torch.tensor([t.reference.k_rr for t in targets.values()], dtype=torch.float64)
    scores = add_ranks(torch.stack(shares)).cpu() + k_rr
    _require_finite(scores, list(targets))
    factors = dict(zip(targets, (weights / (scores.abs() + EPSILON)).tolist(), strict=True))
    return scores, {name: gradient * factors[name] for name, gradient in gradients.items()}


def _require_finite(scores: Tensor, names: list[str]) -> None:
    bad = [name for name, score in zip(names, scores, strict=True) if not torch.isfinite(score)]
    if bad:
        raise RdmError(f"the score of encoder {', '.join(bad)} is not finite")
