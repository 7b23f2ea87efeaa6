import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.pairwise import rbf_kernel

from rdm_pipeline.discrepancies.kernels import (
    bandwidth_gamma,
    gaussian_kernel,
    mean_kernel,
    median_bandwidth,
    squared_distances,
)
from rdm_pipeline.errors import RdmError
from tests.discrepancies import plain
from tests.discrepancies.plain import points


@settings(deadline=None, max_examples=30)
@given(n=st.integers(1, 9), m=st.integers(1, 9), d=st.integers(1, 6), seed=st.integers(0, 99))
def test_squared_distances_match_the_definition(n, m, d, seed):
    x, y = points(n, d, seed), points(m, d, seed + 1)
    np.testing.assert_allclose(
        squared_distances(x, y).numpy(), plain.squared_distances(x, y), rtol=1e-5, atol=1e-5
    )


def test_squared_distances_far_from_the_origin_keep_their_digits():
    x, y = points(20, 8) + 1000, points(30, 8, 1) + 1000
    np.testing.assert_allclose(
        squared_distances(x, y).numpy(), plain.squared_distances(x, y), rtol=1e-4, atol=1e-4
    )


def test_squared_distances_of_duplicates_are_never_negative():
    x = points(50, 64).repeat(2, 1) * 30
    distances = squared_distances(x, x)
    assert (distances >= 0).all()
    assert distances.diagonal(50).max() < 0.1


def test_squared_distances_are_differentiable_also_where_both_sides_are_the_same_tensor():
    x = points(4, 3).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda t: squared_distances(t, t).tril(-1), x)


def test_kernel_is_symmetric_and_1_on_the_diagonal():
    x = points(40, 5)
    kernel = gaussian_kernel(x, x, 0.3)
    torch.testing.assert_close(kernel, kernel.T)
    torch.testing.assert_close(kernel.diagonal(), torch.ones(40))


def test_kernel_matches_sklearn():
    x, y = points(15, 4), points(7, 4, 1)
    np.testing.assert_allclose(gaussian_kernel(x, y, 0.2), rbf_kernel(x, y, 0.2), rtol=1e-5)


def test_kernel_of_a_far_point_is_zero_and_leaves_the_others_alone():
    x = points(50, 4)
    x[7] = 1e4
    kernel = gaussian_kernel(x, x, 0.1).numpy()
    others = np.arange(50) != 7
    assert (kernel[7, others] == 0).all()
    np.testing.assert_allclose(
        kernel[others][:, others], plain.kernel(x, x, 0.1)[others][:, others], atol=1e-5
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_features_are_computed_in_float32(dtype):
    x = points(10, 4).to(dtype)
    assert gaussian_kernel(x, x, 0.1).dtype == torch.float32
    torch.testing.assert_close(gaussian_kernel(x, x, 0.1), gaussian_kernel(x.float(), x, 0.1))


def test_float64_features_stay_float64():
    assert gaussian_kernel(points(3, 2).double(), points(3, 2), 0.1).dtype == torch.float64


@pytest.mark.parametrize("rows", [2, 3, 40, 1030])
@pytest.mark.parametrize("dim", [1, 5])
def test_median_bandwidth_matches_numpy(rows, dim):
    x = points(rows, dim)
    pairs = plain.squared_distances(x, x)[~np.eye(rows, dtype=bool)]
    expected = 0.25 * np.sqrt(np.median(pairs))
    assert median_bandwidth(x, 0.25, seed=0) == pytest.approx(expected, rel=1e-5)


def test_median_bandwidth_of_identical_rows_is_the_smallest_allowed():
    assert median_bandwidth(torch.zeros(10, 3), 2.0, seed=0) == pytest.approx(2e-5)


def test_median_bandwidth_draws_a_subsample_that_the_seed_fixes():
    x = points(500, 3)
    first = median_bandwidth(x, 1.0, max_rows=50, seed=0)
    assert first == median_bandwidth(x, 1.0, max_rows=50, seed=0)
    assert first != median_bandwidth(x, 1.0, max_rows=50, seed=1)
    assert first == pytest.approx(median_bandwidth(x, 1.0, seed=0), rel=0.15)


def test_median_bandwidth_refuses_non_finite_rows_with_their_number():
    x = points(20, 3)
    x[[3, 5]] = torch.nan
    with pytest.raises(RdmError, match="2 of 20 rows"):
        median_bandwidth(x, 1.0, seed=0)


def test_median_bandwidth_refuses_a_single_row():
    with pytest.raises(RdmError, match="1 rows"):
        median_bandwidth(points(1, 3), 1.0, seed=0)


@pytest.mark.parametrize("sigma", [0.0, -1.0, float("nan"), float("inf")])
def test_bandwidth_must_be_positive(sigma):
    with pytest.raises(RdmError, match="sigma"):
        bandwidth_gamma(sigma)


@pytest.mark.parametrize("block", [1, 7, 20, 64])
def test_mean_kernel_does_not_depend_on_the_tiles(block):
    x = points(20, 3)
    assert mean_kernel(x, 0.3, block) == pytest.approx(plain.kernel(x, x, 0.3).mean(), rel=1e-6)
