"""The six discrepancies behind one signature."""

import pytest
import torch

from rdm_pipeline.discrepancies.frechet import build_frechet_reference, frechet_distance2
from rdm_pipeline.discrepancies.mmd import exact_mmd2
from rdm_pipeline.discrepancies.nystrom import nystrom_mmd2
from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.discrepancies import (
    Drifting,
    Frechet,
    MmdExact,
    MmdNystrom,
    MmdRff,
    SlicedWasserstein,
)
from rdm_pipeline.reference.matching import sigma_of, target
from rdm_pipeline.reference.nystrom import build_nystrom_reference
from tests.discrepancies.plain import points

REAL = points(200, 5, 1)
REFERENCE = build_nystrom_reference(REAL, REAL[:40], sigma=2.0)
SPECS = [
    MmdNystrom(kind="mmd_nystrom"),
    MmdExact(kind="mmd_exact"),
    MmdRff(kind="mmd_rff", features=64, seed=0),
    Frechet(kind="frechet"),
    SlicedWasserstein(kind="sliced_wasserstein", directions=16),
    Drifting(kind="drifting", temperatures=[0.2, 0.05]),
]
each = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.kind)


def share(spec, g, start, stop, step=0, seed=0):
    return target(spec, REFERENCE, 0.0, REAL, seed).share.with_gradient(g, start, stop, step)


@each
def test_shares_of_the_ranks_add_up_and_their_gradients_are_those_of_one(spec):
    g = points(30, 5) + 0.5
    score, gradient = share(spec, g, 0, 30)
    parts = [share(spec, g, *rows) for rows in ((0, 10), (10, 30))]
    torch.testing.assert_close(sum(part[0] for part in parts), score, rtol=1e-6, atol=1e-9)
    together = torch.cat([part[1] for part in parts])
    torch.testing.assert_close(together, gradient, rtol=1e-4, atol=1e-6)


@each
def test_the_score_alone_is_the_same_score(spec):
    g = points(30, 5) + 0.5
    alone = target(spec, REFERENCE, 0.0, REAL, 0).share.score(g, 10, 30, 2)
    torch.testing.assert_close(alone, share(spec, g, 10, 30, 2)[0])


@each
def test_a_step_against_the_gradient_lowers_the_distance(spec):
    """Measured by the exact MMD, since the drifting loss says nothing about progress."""
    g = points(60, 5) + 1
    before = float(exact_mmd2(g, REAL, 0.1, biased=True))
    for step in range(30):
        _, gradient = share(spec, g, 0, 60, step)
        g = g - 0.05 * gradient / gradient.norm(dim=1).mean()
    assert float(exact_mmd2(g, REAL, 0.1, biased=True)) < 0.8 * before


@each
def test_seed_and_step_alone_decide_what_is_drawn(spec):
    g = points(20, 5)
    assert torch.equal(share(spec, g, 0, 20)[1], share(spec, g, 0, 20)[1])
    drawn = spec.kind in ("mmd_exact", "sliced_wasserstein", "drifting")
    assert torch.equal(share(spec, g, 0, 20)[1], share(spec, g, 0, 20, step=1)[1]) != drawn
    assert torch.equal(share(spec, g, 0, 20)[1], share(spec, g, 0, 20, seed=1)[1]) != drawn


def test_scores_are_those_of_the_discrepancies():
    g = points(25, 5)
    assert float(share(SPECS[0], g, 0, 25)[0]) == pytest.approx(float(nystrom_mmd2(g, REFERENCE)))
    expected = frechet_distance2(g, build_frechet_reference(REAL))
    assert float(share(SPECS[3], g, 0, 25)[0]) == pytest.approx(float(expected))


def test_exact_matching_scores_the_biased_mmd_to_as_many_drawn_rows():
    whole = points(25, 5, 3)
    matched = target(SPECS[1], REFERENCE, 0.0, whole, 0)
    g = points(25, 5)
    found = float(matched.share.score(g, 0, 25, 0))
    expected = float(exact_mmd2(g, whole, REFERENCE.gamma, biased=True))
    assert found == pytest.approx(expected, abs=1e-6)


def test_only_drifting_is_used_at_its_own_size():
    relative = {spec.kind: target(spec, REFERENCE, 0.0, REAL, 0).relative for spec in SPECS}
    assert [kind for kind, divided in relative.items() if not divided] == ["drifting"]


def test_the_bandwidth_is_the_references():
    assert sigma_of(REFERENCE.gamma) == pytest.approx(2.0)


def test_real_features_that_are_needed_and_missing_are_refused():
    with pytest.raises(RdmError, match="discrepancy mmd_rff: no features of training images"):
        target(SPECS[2], REFERENCE, 0.0, None, 0)
