import numpy as np
import pytest
import torch

from rdm_pipeline.discrepancies.kernels import bandwidth_gamma, gaussian_kernel
from rdm_pipeline.discrepancies.mmd import exact_mmd2
from rdm_pipeline.discrepancies.rff import (
    build_rff_bank,
    draw_rff,
    mean_rff,
    random_fourier_features,
    rff_mmd2,
)
from rdm_pipeline.errors import RdmError
from tests.discrepancies.plain import points


def test_inner_products_approximate_the_gaussian_kernel():
    x, sigma = points(30, 5), 1.7
    phi = random_fourier_features(x, *draw_rff(5, 40_000, sigma, seed=0))
    torch.testing.assert_close(
        phi @ phi.T, gaussian_kernel(x, x, bandwidth_gamma(sigma)), rtol=0, atol=0.03
    )


def test_frequencies_have_the_spread_of_the_inverse_bandwidth_and_phases_fill_a_turn():
    weights, phases = draw_rff(20, 5000, 4.0, seed=0)
    assert float(weights.std()) == pytest.approx(0.25, rel=0.01)
    assert 0 <= float(phases.min()) < 0.01 < 6.27 < float(phases.max()) < 2 * np.pi


def test_draw_is_fixed_by_the_seed():
    assert torch.equal(draw_rff(3, 8, 1.0, seed=1)[0], draw_rff(3, 8, 1.0, seed=1)[0])
    assert not torch.equal(draw_rff(3, 8, 1.0, seed=1)[0], draw_rff(3, 8, 1.0, seed=2)[0])


def test_mean_in_blocks_that_do_not_divide_equals_the_mean():
    x, frequencies = points(23, 4), draw_rff(4, 16, 1.0, seed=0)
    expected = random_fourier_features(x.double(), *frequencies).mean(dim=0)
    torch.testing.assert_close(mean_rff(x, *frequencies, block=5), expected, rtol=0, atol=1e-6)


def test_score_matches_the_definition():
    g, r = points(12, 4), points(15, 4, 1) + 0.3
    bank = build_rff_bank(r, 1.5, 64, seed=3)
    w, b = bank.weights.double().numpy(), bank.phases.double().numpy()
    phi_g, phi_r = (np.sqrt(2 / 64) * np.cos(x.double().numpy() @ w + b) for x in (g, r))
    expected = ((phi_g.mean(0) - phi_r.mean(0)) ** 2).sum()
    assert float(rff_mmd2(g, bank)) == pytest.approx(expected, rel=1e-5)


def test_score_approaches_the_exact_biased_mmd():
    g, r = points(100, 4), points(100, 4, 1) + 0.5
    score = float(rff_mmd2(g, build_rff_bank(r, 1.5, 20_000, seed=0)))
    exact = float(exact_mmd2(g, r, bandwidth_gamma(1.5), biased=True))
    assert score == pytest.approx(exact, rel=0.05)


def test_gradient_is_that_of_finite_differences():
    bank = build_rff_bank(points(15, 3), 1.5, 16, seed=0)
    g = points(4, 3, 1).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda t: rff_mmd2(t, bank), g)


def test_the_reference_set_itself_scores_zero():
    r = points(15, 3)
    assert float(rff_mmd2(r, build_rff_bank(r, 1.0, 64, seed=0))) == pytest.approx(0, abs=1e-12)


def test_bad_input_is_refused():
    bank = build_rff_bank(points(15, 3), 1.0, 16, seed=0)
    with pytest.raises(RdmError, match=r"\(5, 4\), expected \(N >= 1, 3\)"):
        rff_mmd2(points(5, 4), bank)
    with pytest.raises(RdmError, match="15 of 15 rows"):
        build_rff_bank(torch.full((15, 3), torch.nan), 1.0, 16, seed=0)
    with pytest.raises(RdmError, match="sigma"):
        draw_rff(3, 16, 0.0, seed=0)


@pytest.mark.parametrize(("rows", "dim"), [(1, 1), (1, 4), (33, 1)])
def test_a_single_row_and_a_single_dimension_match_the_definition(rows, dim):
    g, bank = points(rows, dim), build_rff_bank(points(15, dim, 1), 1.5, 7, seed=0)
    w, b = bank.weights.double().numpy(), bank.phases.double().numpy()
    phi = np.sqrt(2 / 7) * np.cos(g.double().numpy() @ w + b)
    expected = ((phi.mean(0) - bank.mean.double().numpy()) ** 2).sum()
    assert float(rff_mmd2(g, bank)) == pytest.approx(expected, rel=1e-4)


def test_duplicates_and_far_points_keep_a_finite_score_and_gradient():
    g = torch.cat([points(3, 4), points(3, 4), points(2, 4) * 1e4]).requires_grad_()
    score = rff_mmd2(g, build_rff_bank(points(15, 4, 1), 1.5, 64, seed=0))
    score.backward()
    assert 0 < float(score) < 8  # each phi has at most norm sqrt(2)
    assert g.grad.isfinite().all()
    torch.testing.assert_close(g.grad[:3], g.grad[3:6])
