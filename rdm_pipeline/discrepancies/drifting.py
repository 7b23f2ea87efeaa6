"""The drifting loss: generated features move along a force field (Deng et al. 2026).

Written for batches of B groups: C generated and P real features of size S each. A group meets only
its own; scale and normalisation are means over all groups.
Source: "Generative Modeling via Drifting", arXiv 2602.04770; method.md section 6, `drifting`.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from rdm_pipeline.discrepancies.kernels import at_least_float32
from rdm_pipeline.errors import RdmError


def drifting_loss(g: Tensor, real: Tensor, temperatures: Sequence[float]) -> Tensor:
    """mean (u - stop(u + F))^2 with u = g / scale: features regress to where F takes them.

    g (B, C, S), real (B, P, S) -> float64 scalar, the mean over all B C S entries; F and scale are
    those of `drifting_field` and carry no gradient. So the gradient is -2 F / (B C S scale), and
    the value, mean F^2, says nothing about progress.
    Raises RdmError for shapes that do not fit.
    """
    field, scale = drifting_field(g, real, temperatures)
    moved = at_least_float32(g) / scale
    goal = moved.detach() + field
    return (moved - goal).square().mean(dtype=torch.float64)


@torch.no_grad()
def drifting_field(g: Tensor, real: Tensor, temperatures: Sequence[float]) -> tuple[Tensor, Tensor]:
    """F = sum over temperatures t of V_t / sqrt(mean V_t^2), and the scale that it is in units of.

    g (B, C, S), real (B, P, S) -> F (B, C, S) and a scalar in feature units, float32 or float64.
    scale = (mean distance of generated features to real and to other generated ones) / sqrt(S).
    With u the generated features over the scale, and y the real ones followed by u:

        l_ij = -|u_i - y_j| / (t sqrt(S)),  A_ij = sqrt(softmax_j(l_ij) softmax_i(l_ij))
        V_i  = n_i sum_{j real} A_ij y_j  -  p_i sum_{j generated} A_ij y_j

    with p_i and n_i the sums of A_ij over real and over generated j: both sides weigh p_i n_i. A
    point does not repel itself: its own l_ij is minus infinity. The mean distance is sqrt(S) in
    units of the scale, so a temperature is a share of the mean distance. The paper leaves open
    which pairs the mean distance is over: here all but those of a point with itself.
    Raises RdmError for shapes that do not fit.
    """
    _check(g, real)
    dtype = torch.promote_types(torch.promote_types(g.dtype, real.dtype), torch.float32)
    others = torch.cat([real, g], dim=1).to(dtype)
    # By differences: |x|^2 - 2xy + |y|^2 would give duplicates a distance.
    distances = torch.cdist(g.to(dtype), others, compute_mode="donot_use_mm_for_euclid_dist")
    (groups, count, size), positives = g.shape, real.shape[1]
    mean_distance = distances.sum() / (groups * count * (positives + count - 1))
    scale = _above_zero(mean_distance / size**0.5)
    others = others / scale
    shares = distances / _above_zero(mean_distance)
    field = torch.zeros_like(g, dtype=dtype)
    for temperature in temperatures:
        force = _force(shares / temperature, others, positives)
        field += force / _above_zero(force.square().mean().sqrt())
    return field, scale


def _force(distances: Tensor, others: Tensor, positives: int) -> Tensor:
    """V (B, C, S) of distances (B, C, P + C) in units of temperature t sqrt(S)."""
    logits = -distances
    own = torch.eye(distances.shape[1], dtype=torch.bool, device=distances.device)
    # The most negative number stands for -infinity: a column of one masked entry stays defined.
    logits[:, :, positives:].masked_fill_(own, torch.finfo(logits.dtype).min)
    affinity = (logits.softmax(dim=2) * logits.softmax(dim=1)).sqrt()
    attraction, repulsion = affinity[:, :, :positives], affinity[:, :, positives:]
    towards = attraction * repulsion.sum(dim=2, keepdim=True)
    away = repulsion * attraction.sum(dim=2, keepdim=True)
    return torch.cat([towards, -away], dim=2) @ others


def _above_zero(value: Tensor) -> Tensor:
    """A divisor that leaves 0 / 0 at 0: where all points coincide there is no force."""
    return value.clamp(min=torch.finfo(value.dtype).tiny)


def _check(g: Tensor, real: Tensor) -> None:
    fits = g.ndim == real.ndim == 3 and g.shape[::2] == real.shape[::2]
    if not fits or 0 in g.shape or 0 in real.shape:
        raise RdmError(
            f"drifting: generated {tuple(g.shape)} and real {tuple(real.shape)}, "
            "allowed (B, C >= 1, S) and (B, P >= 1, S)"
        )
