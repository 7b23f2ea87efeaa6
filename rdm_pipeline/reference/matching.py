"""The six training discrepancies behind one signature: see `Share` (method: sections 3 and 6)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rdm_pipeline.discrepancies.checks import draw_rows
from rdm_pipeline.discrepancies.drifting import drifting_loss
from rdm_pipeline.discrepancies.frechet import build_frechet_reference, frechet_distance2
from rdm_pipeline.discrepancies.nystrom import (
    NystromReference,
    exact_reference,
    nystrom_mmd2_rows,
    nystrom_mmd2_rows_score,
)
from rdm_pipeline.discrepancies.rff import build_rff_bank, rff_mmd2
from rdm_pipeline.discrepancies.sliced_wasserstein import random_directions, sliced_wasserstein2
from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.discrepancies import (
    DiscrepancySpec,
    Drifting,
    Frechet,
    MmdExact,
    MmdNystrom,
    MmdRff,
    SlicedWasserstein,
)
from rdm_pipeline.reference.target import Target

ROWS, DIRECTIONS = 0, 1

# (all coupled features (N, d), step) -> score, a differentiable scalar.
Score = Callable[[Tensor, int], Tensor]


def target(
    spec: DiscrepancySpec,
    reference: NystromReference,
    beta: float,
    real: Tensor | None,
    seed: int,
) -> Target:
    """What one encoder is matched to by the discrepancy `spec`.

    real (P, d) are the coupled features of the training images, which all but `mmd_nystrom` need;
    `seed` with the step fixes what is drawn afresh. RdmError where real features are missing.
    """
    if isinstance(spec, MmdNystrom):
        return Target(_ToLandmarks(lambda rows, step: reference), beta)
    if real is None:
        raise RdmError(f"discrepancy {spec.kind}: no features of training images, needed")
    if isinstance(spec, MmdExact):
        gamma = reference.gamma
        return Target(
            _ToLandmarks(lambda rows, step: exact_reference(_drawn(real, rows, seed, step), gamma)),
            beta,
        )
    share = _ByAutograd(_score(spec, real, reference.gamma, seed))
    return Target(share, beta, relative=not isinstance(spec, Drifting))


def _score(
    spec: MmdRff | Frechet | SlicedWasserstein | Drifting, real: Tensor, gamma: float, seed: int
) -> Score:
    if isinstance(spec, MmdRff):
        bank = build_rff_bank(real, sigma_of(gamma), spec.features, spec.seed)
        return lambda g, step: rff_mmd2(g, bank)
    if isinstance(spec, Frechet):
        frozen = build_frechet_reference(real)
        return lambda g, step: frechet_distance2(g, frozen)
    if isinstance(spec, SlicedWasserstein):
        return lambda g, step: sliced_wasserstein2(
            g,
            _drawn(real, len(g), seed, step),
            random_directions(g.shape[1], spec.directions, _stream(DIRECTIONS, seed, step)),
        )
    return lambda g, step: drifting_loss(
        g[None], _drawn(real, len(g), seed, step)[None], spec.temperatures
    )


def sigma_of(gamma: float) -> float:
    """The bandwidth sigma whose gamma = 1 / (2 sigma^2) this is."""
    return (2 * gamma) ** -0.5


@dataclass(frozen=True)
class _ToLandmarks:
    """MMD to landmarks: those of a frozen reference, or rows drawn afresh each step."""

    reference_at: Callable[[int, int], NystromReference]  # (N, step) -> reference

    def score(self, g_all: Tensor, start: int, stop: int, step: int) -> Tensor:
        reference = self.reference_at(len(g_all), step)
        share = nystrom_mmd2_rows_score(g_all, start, stop, reference)
        return share + reference.k_rr * (stop - start) / len(g_all)

    def with_gradient(
        self, g_all: Tensor, start: int, stop: int, step: int
    ) -> tuple[Tensor, Tensor]:
        reference = self.reference_at(len(g_all), step)
        share, gradient = nystrom_mmd2_rows(g_all, start, stop, reference)
        return share + reference.k_rr * (stop - start) / len(g_all), gradient


@dataclass(frozen=True)
class _ByAutograd:
    """Every rank computes the whole score, but differentiates it by its own rows only."""

    whole: Score

    @torch.no_grad()
    def score(self, g_all: Tensor, start: int, stop: int, step: int) -> Tensor:
        return self.whole(g_all, step).double() * ((stop - start) / len(g_all))

    def with_gradient(
        self, g_all: Tensor, start: int, stop: int, step: int
    ) -> tuple[Tensor, Tensor]:
        own = g_all[start:stop].detach().requires_grad_()
        with torch.enable_grad():
            value = self.whole(torch.cat([g_all[:start], own, g_all[stop:]]), step)
            (gradient,) = torch.autograd.grad(value, own)
        return value.detach().double() * ((stop - start) / len(g_all)), gradient


def _drawn(real: Tensor, count: int, seed: int, step: int) -> Tensor:
    generator = torch.Generator().manual_seed(_stream(ROWS, seed, step))
    return real[draw_rows(len(real), count, generator).to(real.device)]


def _stream(purpose: int, seed: int, step: int) -> int:
    # torch's CPU generator looks at 32 bits of a seed only: a hash, or run seeds would not matter.
    return int(np.random.SeedSequence([purpose, seed, step]).generate_state(1)[0])
