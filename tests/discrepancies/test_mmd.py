import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rdm_pipeline.discrepancies.mmd import exact_mmd2
from rdm_pipeline.errors import RdmError
from tests.discrepancies import plain
from tests.discrepancies.plain import points

sizes = st.tuples(st.integers(1, 8), st.integers(1, 8), st.integers(1, 5), st.integers(0, 99))


def two_sets(size: tuple[int, int, int, int]) -> tuple[torch.Tensor, torch.Tensor]:
    n, m, dim, seed = size
    return points(n, dim, seed).double(), points(m, dim, seed + 1).double() + 0.5


def test_both_forms_match_the_definition():
    g, r, gamma = points(7, 3), points(9, 3, 1), 0.2
    k_gg, k_rr = plain.kernel(g, g, gamma), plain.kernel(r, r, gamma)
    cross = 2 * plain.kernel(g, r, gamma).mean()
    biased = k_gg.mean() + k_rr.mean() - cross
    unbiased = (k_gg.sum() - 7) / 42 + (k_rr.sum() - 9) / 72 - cross
    assert float(exact_mmd2(g, r, gamma, biased=True)) == pytest.approx(biased, abs=1e-6)
    assert float(exact_mmd2(g, r, gamma, biased=False)) == pytest.approx(unbiased, abs=1e-6)


@settings(deadline=None, max_examples=30)
@given(sizes)
def test_biased_form_is_never_negative_and_symmetric(size):
    g, r = two_sets(size)
    score = float(exact_mmd2(g, r, 0.3, biased=True))
    assert score >= -1e-12
    assert score == pytest.approx(float(exact_mmd2(r, g, 0.3, biased=True)), abs=1e-12)


@settings(deadline=None, max_examples=30)
@given(sizes)
def test_order_of_rows_and_common_translation_do_not_matter(size):
    g, r = two_sets(size)
    score = float(exact_mmd2(g, r, 0.3, biased=True))
    moved = float(exact_mmd2(g.flip(0) + 3, r.flip(0) + 3, 0.3, biased=True))
    assert score == pytest.approx(moved, abs=1e-12)


def test_a_set_against_itself_scores_zero():
    x = points(30, 4)
    assert float(exact_mmd2(x, x, 0.3, biased=True)) == pytest.approx(0, abs=1e-6)


def test_unbiased_form_averages_to_zero_over_draws_of_one_law():
    scores = [
        float(exact_mmd2(points(20, 2, 2 * i), points(20, 2, 2 * i + 1), 0.5, biased=False))
        for i in range(300)
    ]
    mean = sum(scores) / 300
    biased = float(exact_mmd2(points(20, 2), points(20, 2, 1), 0.5, biased=True))
    assert abs(mean) < 0.005 < biased


def test_gradient_is_that_of_finite_differences():
    g, r = points(4, 3).double().requires_grad_(), points(5, 3, 1).double()
    assert torch.autograd.gradcheck(lambda t: exact_mmd2(t, r, 0.3, biased=True), g)
    assert torch.autograd.gradcheck(lambda t: exact_mmd2(t, r, 0.3, biased=False), g)


def test_unbiased_form_refuses_a_single_row():
    with pytest.raises(RdmError, match="at least 2"):
        exact_mmd2(points(1, 3), points(5, 3), 0.3, biased=False)


def test_sets_of_different_dimension_are_refused():
    with pytest.raises(RdmError, match=r"\(5, 3\), expected"):
        exact_mmd2(points(5, 4), points(5, 3), 0.3, biased=True)


@pytest.mark.parametrize("dim", [1, 3])
def test_a_single_row_and_points_out_of_the_kernels_reach_have_their_exact_score(dim):
    g, r = points(1, dim), points(5, dim, 1) + 1e4
    within = plain.kernel(r, r, 0.3).mean()
    assert float(exact_mmd2(g, r, 0.3, biased=True)) == pytest.approx(1 + within, abs=1e-5)


def test_duplicates_get_the_same_gradient():
    g = points(4, 3).repeat(2, 1).requires_grad_()
    exact_mmd2(g, points(9, 3, 1), 0.3, biased=True).backward()
    torch.testing.assert_close(g.grad[:4], g.grad[4:])
    assert g.grad.abs().max() > 0
