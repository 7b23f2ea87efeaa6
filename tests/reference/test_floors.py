import numpy as np
import pytest
import torch

from rdm_pipeline.discrepancies.nystrom import nystrom_mmd2
from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.discrepancies import MmdNystrom
from rdm_pipeline.reference.floors import controller_floor
from rdm_pipeline.reference.matching import target
from rdm_pipeline.reference.nystrom import build_nystrom_reference
from tests.discrepancies.plain import points


def floor(val, reference, batch, draws=8, *, seed, labels=None):
    matched = target(MmdNystrom(kind="mmd_nystrom"), reference, 0.0, real=None, seed=0)
    return controller_floor(val, matched, batch, draws, seed=seed, labels=labels)


@pytest.fixture(scope="module")
def reference():
    real = points(2000, 4)
    return build_nystrom_reference(real, real[:200], sigma=2.0)


def test_whole_set_as_batch_scores_the_whole_set_in_every_draw(reference):
    val = points(50, 4, 1)
    mean, std = floor(val, reference, batch=50, draws=3, seed=0)
    assert mean == pytest.approx(float(nystrom_mmd2(val, reference)), abs=1e-7)
    assert std == pytest.approx(0, abs=1e-7)


def test_mean_and_spread_are_those_of_the_drawn_scores(reference):
    val = points(100, 4, 1)
    generator = torch.Generator().manual_seed(0)
    draws = [val[torch.randperm(100, generator=generator)[:20]] for _ in range(3)]
    scores = [float(nystrom_mmd2(draw, reference)) for draw in draws]
    found = floor(val, reference, batch=20, draws=3, seed=0)
    assert found == pytest.approx((np.mean(scores), np.std(scores)), rel=1e-5)


def test_floor_is_the_expected_biased_mmd_of_the_batch_size(reference):
    """For matched laws E L = (1 - E k)/N, up to the reference's own error of order 1/2000."""
    mean, std = floor(points(4000, 4, 1), reference, batch=100, draws=40, seed=0)
    assert mean == pytest.approx((1 - reference.k_rr) / 100, rel=0.25)
    assert 0 < std < mean


def test_smaller_batches_have_higher_floors(reference):
    val = points(2000, 4, 1)
    floors = [floor(val, reference, n, draws=20, seed=0)[0] for n in (25, 100, 400)]
    assert floors[0] > 2 * floors[1] > 4 * floors[2]


def test_shifted_data_scores_far_above_the_floor(reference):
    val = points(500, 4, 1)
    mean, std = floor(val, reference, batch=200, seed=0)
    assert float(nystrom_mmd2(val[:200] + 0.5, reference)) > mean + 5 * std


def test_seed_fixes_the_draws(reference):
    val = points(500, 4, 1)
    first = floor(val, reference, batch=50, seed=0)
    assert first == floor(val, reference, batch=50, seed=0)
    assert first != floor(val, reference, batch=50, seed=1)


def test_bad_input_is_refused(reference):
    with pytest.raises(RdmError, match="51 rows without replacement: 50 rows"):
        floor(points(50, 4), reference, batch=51, seed=0)
    with pytest.raises(RdmError, match="50 of 50 rows"):
        floor(torch.full((50, 4), torch.nan), reference, batch=5, seed=0)


def test_draws_that_keep_the_shares_of_the_classes_scatter_less():
    labels = torch.arange(1000) % 2
    val = points(1000, 2, 1) * 0.1 + labels[:, None]
    reference = build_nystrom_reference(val, val[:200], sigma=1.0)
    loose = floor(val, reference, batch=40, draws=16, seed=0)
    kept = floor(val, reference, batch=40, draws=16, seed=0, labels=labels)
    assert kept[0] < loose[0]
    assert kept[1] < loose[1] / 2
