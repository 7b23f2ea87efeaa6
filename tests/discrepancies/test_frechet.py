import ot
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rdm_pipeline.discrepancies.frechet import build_frechet_reference, frechet_distance2
from rdm_pipeline.errors import RdmError
from tests.discrepancies import plain
from tests.discrepancies.plain import points


def sets(rows: int, dim: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Generated and real features with covariances that do not commute."""
    mix = torch.eye(dim) + points(dim, dim, 7) / 2
    return points(rows, dim) * 1.5 + 0.5, points(2 * rows + 3, dim, 1) @ mix


@pytest.mark.parametrize(("rows", "dim"), [(50, 1), (33, 5), (300, 20)])
def test_matches_the_definition_and_pot(rows, dim):
    g, real = sets(rows, dim)
    score = float(frechet_distance2(g, build_frechet_reference(real)))
    assert score == pytest.approx(plain.frechet_distance2(g, real), rel=1e-6)
    (mu_g, s_g), (mu_r, s_r) = plain.moments(g), plain.moments(real)
    bures = ot.gaussian.bures_wasserstein_distance(mu_g, mu_r, s_g, s_r)
    assert score == pytest.approx(float(bures) ** 2, abs=1e-4)


def test_commuting_covariances_leave_the_difference_of_their_roots():
    scales = torch.tensor([3.0, 0.5, 1.0])
    x = points(40, 3)
    white = torch.linalg.qr(x - x.mean(dim=0))[0] * 39**0.5  # mean 0, covariance 1
    score = float(frechet_distance2(white, build_frechet_reference(white * scales)))
    assert score == pytest.approx(float((scales - 1).square().sum()), abs=1e-4)


@settings(deadline=None, max_examples=20)
@given(rows=st.integers(2, 12), dim=st.integers(1, 6), seed=st.integers(0, 99))
def test_never_negative_and_blind_to_order_and_common_translation(rows, dim, seed):
    g, real = points(rows, dim, seed).double(), points(rows + 2, dim, seed + 1).double()
    score = float(frechet_distance2(g, build_frechet_reference(real)))
    moved = float(frechet_distance2(g.flip(0) + 3, build_frechet_reference(real + 3)))
    assert score > -1e-6
    assert score == pytest.approx(moved, abs=1e-6)


def test_a_set_against_itself_scores_no_more_than_the_jitter():
    x = points(100, 5)
    assert float(frechet_distance2(x, build_frechet_reference(x))) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize(("rows", "dim"), [(9, 3), (3, 3), (2, 3), (4, 1)])
def test_gradient_is_that_of_finite_differences(rows, dim):
    g, real = (x.double() for x in sets(max(rows, 3), dim))
    reference = build_frechet_reference(real)
    leaf = g[:rows].requires_grad_()
    assert torch.autograd.gradcheck(lambda t: frechet_distance2(t, reference), leaf)


@pytest.mark.parametrize("rows", [2, 5, 64])
def test_gradient_stays_finite_and_small_for_few_rows_duplicates_and_a_real_plane(rows):
    basis = torch.linalg.qr(points(64, 2, 3))[0]
    reference = build_frechet_reference(points(200, 2, 1) @ basis.T)
    for g in (points(rows, 64), points(1, 64).repeat(rows, 1), points(rows, 2) @ basis.T):
        leaf = g.requires_grad_()
        (grad,) = torch.autograd.grad(frechet_distance2(leaf, reference), leaf)
        assert grad.isfinite().all()
        assert grad.abs().max() < 10 * (1 + g.abs().max())


def test_descending_the_gradient_reaches_the_moments_of_real_features_in_a_plane():
    basis = torch.linalg.qr(points(6, 2, 3))[0]
    real = points(200, 2, 1) @ basis.T
    reference, g = build_frechet_reference(real), points(30, 6) + 1
    for _ in range(400):
        leaf = g.requires_grad_()
        (grad,) = torch.autograd.grad(frechet_distance2(leaf, reference), leaf)
        g = (leaf - 3 * grad).detach()
    torch.testing.assert_close(g.mean(dim=0), real.mean(dim=0), rtol=0, atol=0.02)
    torch.testing.assert_close(g.T.cov(), real.T.cov(), rtol=0, atol=0.05)


def test_far_points_cost_their_squared_distance():
    g, real = points(20, 3) + 1e4, points(30, 3, 1)
    score = float(frechet_distance2(g, build_frechet_reference(real)))
    assert score == pytest.approx(plain.frechet_distance2(g, real), rel=1e-6)


def test_float32_and_float64_features_agree():
    g, real = sets(33, 5)
    score = float(frechet_distance2(g, build_frechet_reference(real)))
    assert score == float(frechet_distance2(g.double(), build_frechet_reference(real.double())))


def test_bad_input_is_refused():
    reference = build_frechet_reference(points(10, 3))
    with pytest.raises(RdmError, match="generated features: 1 row, needed at least 2"):
        frechet_distance2(points(1, 3), reference)
    with pytest.raises(RdmError, match="real features: 1 row, needed at least 2"):
        build_frechet_reference(points(1, 3))
    with pytest.raises(RdmError, match=r"\(10, 4\), expected \(N >= 1, 3\)"):
        frechet_distance2(points(10, 4), reference)
    with pytest.raises(RdmError, match="10 of 10 rows"):
        build_frechet_reference(torch.full((10, 3), torch.nan))
