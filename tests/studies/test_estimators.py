"""Each estimator's gradient is that of the discrepancy on the rows that it says it sees."""

import pytest
import torch

from rdm_pipeline.discrepancies.kernels import bandwidth_gamma, median_bandwidth
from rdm_pipeline.discrepancies.mmd import exact_mmd2
from rdm_pipeline.params.spiral import SpiralEstimators
from rdm_pipeline.studies.estimators import BUILDERS, build_gradient
from tests.discrepancies.plain import points

SETTINGS = SpiralEstimators(
    bandwidths=[0.2, 0.8],
    rff_features=20_000,
    landmarks=60,
    jitter=1e-6,
    directions=200,
    temperatures=[0.06, 0.2],
    drifting_points=20,
)
REAL = points(60, 4) * torch.tensor([2.0, 1.0, 0.5, 1.5])


def gradient(name: str, g: torch.Tensor, seed: int = 0) -> torch.Tensor:
    return build_gradient(name, REAL, SETTINGS, torch.Generator().manual_seed(seed))(g)


def summed_mmd2_gradient(g: torch.Tensor, biased: bool) -> torch.Tensor:
    """Of the exact MMD^2 against all real points, summed over bandwidths."""
    leaf = g.double().requires_grad_()
    sigma = median_bandwidth(REAL, 1.0, seed=0)
    gammas = [bandwidth_gamma(sigma * multiple) for multiple in SETTINGS.bandwidths]
    sum(exact_mmd2(leaf, REAL.double(), gamma, biased) for gamma in gammas).backward()
    return leaf.grad.float()


def relative_error(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


def test_with_all_points_as_landmarks_nystrom_has_the_gradient_of_the_summed_mmd():
    g = points(16, 4, 1)
    assert relative_error(gradient("mmd_nystrom", g), summed_mmd2_gradient(g, biased=False)) < 1e-3


def test_with_as_many_samples_as_points_exact_sees_them_all():
    g = points(60, 4, 1)
    assert relative_error(gradient("mmd_exact", g), summed_mmd2_gradient(g, biased=False)) < 1e-3


def test_random_features_approximate_the_gradient_of_the_summed_mmd():
    g = points(16, 4, 1)
    assert relative_error(gradient("mmd_rff", g), summed_mmd2_gradient(g, biased=True)) < 0.3


@pytest.mark.parametrize("name", BUILDERS)
def test_a_gradient_is_decided_by_the_stream_and_finite_also_for_duplicates(name):
    g = points(4, 4, 1).repeat(2, 1)
    first = gradient(name, g)
    assert torch.equal(first, gradient(name, g))
    assert first.isfinite().all() and first.abs().max() > 0
    assert first.shape == g.shape and first.dtype == torch.float32


@pytest.mark.parametrize(
    ("name", "redraws"),
    [
        ("frechet", False),
        ("mmd_rff", False),
        ("mmd_nystrom", False),
        ("mmd_exact", True),
        ("sliced_wasserstein", True),
        ("drifting", True),
    ],
)
def test_what_is_frozen_stays_and_what_is_resampled_changes_with_each_step(name, redraws):
    step = build_gradient(name, REAL, SETTINGS, torch.Generator().manual_seed(0))
    g = points(8, 4, 1)
    assert torch.equal(step(g), step(g)) != redraws


@pytest.mark.parametrize("name", BUILDERS)
def test_descending_moves_a_far_cluster_to_the_real_points(name):
    step = build_gradient(name, REAL, SETTINGS, torch.Generator().manual_seed(0))
    g = points(8, 4, 1) * 0.1 + 1.5
    before = float((g.mean(dim=0) - REAL.mean(dim=0)).norm())
    for _ in range(150):
        grad = step(g)
        g = g - 0.05 * grad / grad.norm(dim=1).mean()
    assert float((g.mean(dim=0) - REAL.mean(dim=0)).norm()) < 0.6 * before
