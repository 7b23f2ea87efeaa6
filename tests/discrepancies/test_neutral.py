import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rdm_pipeline.discrepancies import neutral
from rdm_pipeline.discrepancies.neutral import energy_distance, polynomial_mmd2
from rdm_pipeline.errors import RdmError
from rdm_pipeline.torchvision_shim import declare_missing_operators
from tests.discrepancies import plain
from tests.discrepancies.plain import points

SIZES = [(1, 1, 1), (7, 5, 3), (33, 130, 2), (65, 40, 1)]


@pytest.mark.parametrize(("n", "m", "dim"), SIZES)
def test_energy_distance_matches_the_definition(n, m, dim, monkeypatch):
    monkeypatch.setattr(neutral, "BLOCK", 16)
    g, r = points(n, dim), points(m, dim, 1) + 0.5
    score = energy_distance(g, r)
    assert score.dtype == torch.float64
    assert float(score) == pytest.approx(plain.energy_distance(g, r), abs=1e-7)


def test_energy_distance_on_a_line_matches_scipy():
    g, r = points(31, 1), points(45, 1, 1) * 2 + 0.5
    expected = scipy.stats.energy_distance(g[:, 0].numpy(), r[:, 0].numpy()) ** 2
    assert float(energy_distance(g, r)) == pytest.approx(expected, rel=1e-5)


@settings(deadline=None, max_examples=20)
@given(n=st.integers(1, 9), m=st.integers(1, 9), dim=st.integers(1, 4), seed=st.integers(0, 99))
def test_energy_distance_is_symmetric_never_negative_and_blind_to_translation(n, m, dim, seed):
    g, r = points(n, dim, seed).double(), points(m, dim, seed + 1).double()
    score = float(energy_distance(g, r))
    assert score >= -1e-7
    assert float(energy_distance(r, g)) == pytest.approx(score, abs=1e-7)
    assert float(energy_distance(g.flip(0) + 9, r + 9)) == pytest.approx(score, abs=1e-6)


def test_energy_distance_of_a_set_with_duplicates_to_itself_is_zero():
    x = points(10, 3).repeat(3, 1)
    assert float(energy_distance(x, x.flip(0))) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("n", "m", "dim"), SIZES[1:])
def test_polynomial_mmd_matches_the_definition(n, m, dim, monkeypatch):
    monkeypatch.setattr(neutral, "BLOCK", 16)
    g, r = points(n, dim), points(m, dim, 1) + 0.5
    score = polynomial_mmd2(g, r)
    assert score.dtype == torch.float64
    assert float(score) == pytest.approx(plain.polynomial_mmd2(g, r), rel=1e-9)


@pytest.mark.parametrize("dim", [1, 20])
def test_polynomial_mmd_matches_the_kid_of_torchmetrics(dim):
    declare_missing_operators()  # torchmetrics imports torchvision
    from torchmetrics.image.kid import poly_mmd

    g, r = points(50, dim).double(), points(50, dim, 1).double() + 0.5
    assert float(polynomial_mmd2(g, r)) == pytest.approx(float(poly_mmd(r, g)), rel=1e-9)


def test_polynomial_mmd_averages_to_zero_over_draws_of_one_law():
    scores = [
        float(polynomial_mmd2(points(20, 2, 2 * i), points(20, 2, 2 * i + 1))) for i in range(400)
    ]
    mean, error = sum(scores) / 400, torch.tensor(scores).std().item() / 20
    assert abs(mean) < 3 * error
    assert min(scores) < 0 < float(polynomial_mmd2(points(20, 2) + 1, points(20, 2, 1)))


def test_bad_input_is_refused():
    for distance in (energy_distance, polynomial_mmd2):
        with pytest.raises(RdmError, match=r"\(5, 3\), expected"):
            distance(points(5, 4), points(5, 3))
    with pytest.raises(RdmError, match="1 row, needed at least 2"):
        polynomial_mmd2(points(1, 3), points(5, 3))
