import ot
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rdm_pipeline.discrepancies import sliced_wasserstein as module
from rdm_pipeline.discrepancies.sliced_wasserstein import (
    random_directions,
    sliced_wasserstein,
    sliced_wasserstein2,
    sliced_wasserstein_sorted,
    sorted_projections,
)
from rdm_pipeline.errors import RdmError
from tests.discrepancies import plain
from tests.discrepancies.plain import points


@pytest.mark.parametrize(("rows", "dim"), [(1, 3), (50, 1), (257, 20)])
def test_matches_pot_and_the_definition(rows, dim):
    x, y, directions = (
        points(rows, dim),
        points(rows, dim, 1) * 1.5 + 1,
        random_directions(dim, 99, 0),
    )
    score = float(sliced_wasserstein(x, y, directions))
    expected = ot.sliced_wasserstein_distance(
        x.double().numpy(), y.double().numpy(), projections=directions.double().numpy(), p=2
    )
    assert score == pytest.approx(float(expected), rel=1e-5)
    assert score == pytest.approx(plain.sliced_wasserstein(x, y, directions), rel=1e-5)


def test_translation_by_t_costs_the_mean_squared_projection_of_t():
    x, directions = points(40, 6).double(), random_directions(6, 64, 0)
    t = torch.arange(6.0, dtype=torch.float64)
    expected = float((t @ directions.double()).square().mean().sqrt())
    assert float(sliced_wasserstein(x, x + t, directions)) == pytest.approx(expected, rel=1e-9)


@settings(deadline=None, max_examples=30)
@given(rows=st.integers(1, 20), dim=st.integers(1, 5), seed=st.integers(0, 99))
def test_symmetric_and_blind_to_the_order_of_rows(rows, dim, seed):
    x, y, directions = (
        points(rows, dim, seed),
        points(rows, dim, seed + 1),
        random_directions(dim, 9, 0),
    )
    score = float(sliced_wasserstein(x, y, directions))
    assert score >= 0
    assert float(sliced_wasserstein(y.flip(0), x, directions)) == pytest.approx(score, rel=1e-5)


def test_a_set_against_itself_scores_zero():
    x = points(20, 3)
    assert float(sliced_wasserstein(x, x.flip(0), random_directions(3, 9, 0))) < 1e-6


def test_cached_projections_give_the_same_score():
    x, y, directions = points(30, 4), points(30, 4, 1), random_directions(4, 70, 0)
    cached = sliced_wasserstein_sorted(
        sorted_projections(x, directions), sorted_projections(y, directions)
    )
    assert float(cached) == float(sliced_wasserstein(x, y, directions))


def test_sort_of_torch_with_gradient_gives_the_values_of_numpy():
    x, directions = points(30, 4), random_directions(4, 70, 0)
    with_graph = sorted_projections(x.clone().requires_grad_(), directions)
    assert with_graph.requires_grad
    assert torch.equal(with_graph.detach(), sorted_projections(x, directions))


def test_sorted_projections_do_not_depend_on_the_number_of_sorting_threads(monkeypatch):
    x, directions = points(200, 4), random_directions(4, 7, 0)
    one = sorted_projections(x, directions)
    assert torch.equal(one, one.sort(dim=1).values)
    for threads in (2, 3, 20):
        monkeypatch.setattr(torch, "get_num_threads", lambda n=threads: n)
        assert torch.equal(sorted_projections(x, directions), one)


def test_gradient_is_that_of_finite_differences():
    y, directions = points(6, 3, 1).double(), random_directions(3, 7, 0).double()
    x = points(6, 3).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda t: sliced_wasserstein(t, y, directions), x)


@pytest.mark.parametrize(("rows", "dim"), [(1, 3), (50, 1), (257, 20)])
def test_the_squared_form_is_the_square_of_pots_distance(rows, dim):
    x, y, directions = points(rows, dim), points(rows, dim, 1) + 1, random_directions(dim, 99, 0)
    expected = ot.sliced_wasserstein_distance(
        x.double().numpy(), y.double().numpy(), projections=directions.double().numpy(), p=2
    )
    squared = float(sliced_wasserstein2(x, y, directions))
    assert squared == pytest.approx(float(expected) ** 2, rel=1e-5)


def test_gradient_of_the_squared_form_is_that_of_finite_differences():
    y, directions = points(6, 3, 1).double(), random_directions(3, 7, 0).double()
    x = points(6, 3).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda t: sliced_wasserstein2(t, y, directions), x)


@pytest.mark.parametrize("rows", [1, 8])
def test_sets_that_coincide_have_squared_distance_0_with_gradient_0(rows):
    x = points(rows, 3).requires_grad_()
    score = sliced_wasserstein2(x, x.detach(), random_directions(3, 7, 0))
    (grad,) = torch.autograd.grad(score, x)
    assert float(score) < 1e-12
    assert grad.abs().max() < 1e-6


def test_duplicates_are_pulled_apart_towards_different_points():
    x, y = torch.zeros(4, 2, requires_grad=True), points(4, 2)
    for _ in range(300):
        (grad,) = torch.autograd.grad(sliced_wasserstein2(x, y, random_directions(2, 50, 0)), x)
        x = (x - 2 * grad).detach().requires_grad_()
    assert torch.cdist(y, x).min(dim=1).values.max() < 0.1


def test_directions_are_unit_columns_fixed_by_their_seed():
    directions = random_directions(7, 100, seed=3)
    torch.testing.assert_close(directions.norm(dim=0), torch.ones(100))
    assert torch.equal(directions, random_directions(7, 100, seed=3))
    assert not torch.equal(directions, random_directions(7, 100, seed=4))


def test_directions_do_not_depend_on_the_state_of_the_global_generator():
    torch.manual_seed(1)
    first = random_directions(7, 10, seed=3)
    torch.rand(5)
    assert torch.equal(first, random_directions(7, 10, seed=3))


def test_score_does_not_depend_on_the_chunk(monkeypatch):
    x, y, directions = points(50, 5), points(50, 5, 1), random_directions(5, 100, 0)
    whole = float(sliced_wasserstein(x, y, directions))
    monkeypatch.setattr(module, "DIRECTIONS_AT_ONCE", 7)
    assert float(sliced_wasserstein(x, y, directions)) == pytest.approx(whole, rel=1e-6)


def test_sets_of_different_size_are_refused_with_the_numbers():
    directions = random_directions(3, 4, 0)
    with pytest.raises(RdmError, match="10 and 9 rows"):
        sliced_wasserstein(points(10, 3), points(9, 3), directions)
    with pytest.raises(RdmError, match=r"\(4, 10\) and \(4, 9\)"):
        sliced_wasserstein_sorted(
            sorted_projections(points(10, 3), directions),
            sorted_projections(points(9, 3), directions),
        )


def test_directions_of_another_dimension_are_refused():
    with pytest.raises(RdmError, match=r"expected \(N >= 1, 4\)"):
        sorted_projections(points(10, 3), random_directions(4, 4, 0))
