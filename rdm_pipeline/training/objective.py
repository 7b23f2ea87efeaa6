"""The battery objective: one self-normalised discrepancy per encoder, weighted and summed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from rdm_pipeline.errors import RdmError
from rdm_pipeline.reference.coupling import couple
from rdm_pipeline.reference.target import Target

EPSILON = 1e-7


@dataclass(frozen=True)
class Rows:
    """The rows of the global batch that this rank generated: start (included) to stop."""

    start: int
    stop: int


@dataclass(frozen=True)
class Batch:
    """What the global batch is besides its features: conditions (N,) int64, and the step.

    `labels` name rows of `codes` (P, c).
    """

    labels: Tensor
    codes: Tensor
    step: int


def battery_gradients(
    features: Mapping[str, Tensor],
    batch: Batch,
    targets: Mapping[str, Target],
    weights: Tensor,
    rows: Rows,
    add_ranks: Callable[[Tensor], Tensor],
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the raw scores (E,) float64 and the total's gradient for this rank's features.

    features: per encoder (N, d) of all ranks; weights: (E,) in the order of `targets`. total =
    sum_e weight_e L_e / (|L_e|.detach() + 1e-7), or weight_e L_e where the target is not relative
    (method: section 4). The gradient holds (rows, d) for each encoder whose weight is not 0.
    `add_ranks` sums a tensor over ranks. NotFinite, on every rank, if a score or a gradient is not.
    """
    _require_finite({name: features[name].isfinite().all() for name in targets}, "features")
    shares, gradients = [], {}
    for weight, (name, target) in zip(weights, targets.items(), strict=True):
        coupled = couple(features[name], batch.labels, batch.codes, target.beta)
        if weight == 0:
            shares.append(target.share.score(coupled, rows.start, rows.stop, batch.step))
            continue
        share, gradient = target.share.with_gradient(coupled, rows.start, rows.stop, batch.step)
        # every rank learns of one rank's broken gradient through the sum of the shares
        shares.append(share + 0 * gradient.sum())
        gradients[name] = gradient[:, : features[name].shape[1]]
    scores = add_ranks(torch.stack(shares)).cpu()
    finite = dict(zip(targets, scores.isfinite(), strict=True))
    _require_finite(finite, "score or gradient")
    relative = torch.tensor([target.relative for target in targets.values()])
    sizes = torch.where(relative, scores.abs() + EPSILON, 1.0)
    factors = dict(zip(targets, (weights / sizes).tolist(), strict=True))
    return scores, {name: gradient * factors[name] for name, gradient in gradients.items()}


class NotFinite(RdmError):
    """Scores or gradients of a step hold a NaN or an infinity."""


def _require_finite(finite: Mapping[str, Tensor], what: str) -> None:
    bad = [name for name, yes in finite.items() if not yes]
    if bad:
        raise NotFinite(f"{what} of encoder {', '.join(bad)} not finite")
