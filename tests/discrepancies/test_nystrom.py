import itertools

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from rdm_pipeline.discrepancies.mmd import exact_mmd2
from rdm_pipeline.discrepancies.nystrom import (
    NystromReference,
    exact_reference,
    nystrom_mmd2,
    nystrom_mmd2_rows,
    nystrom_mmd2_rows_score,
    nystrom_mmd2_with_grad,
)
from rdm_pipeline.errors import RdmError
from rdm_pipeline.reference.nystrom import build_nystrom_reference
from tests.discrepancies import plain
from tests.discrepancies.plain import points


def some_reference(dim: int = 3, landmarks: int = 6, dtype=torch.float32) -> NystromReference:
    z, real = points(landmarks, dim, 5), points(50, dim, 6)
    built = build_nystrom_reference(real, z, sigma=1.5)
    return NystromReference(z.to(dtype), built.alpha.to(dtype), built.gamma, built.k_rr)


def definition(g: torch.Tensor, ref: NystromReference) -> float:
    return plain.nystrom_mmd2(g, ref.landmarks, ref.alpha, ref.gamma, ref.k_rr)


class LargestTensor(TorchDispatchMode):
    """Watches the operations of torch for the number of elements of their largest result."""

    elements = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if isinstance(out, torch.Tensor):
            self.elements = max(self.elements, out.numel())
        return out


@pytest.mark.parametrize("rows", [1, 2, 33])
@pytest.mark.parametrize("dim", [1, 3])
def test_score_matches_the_definition(rows, dim):
    g, reference = points(rows, dim), some_reference(dim)
    expected = definition(g, reference)
    assert float(nystrom_mmd2(g, reference)) == pytest.approx(expected, abs=1e-6)
    assert float(nystrom_mmd2_with_grad(g, reference)[0]) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("rows", [1, 2, 33])
@pytest.mark.parametrize("dim", [1, 3])
def test_analytic_gradient_is_that_of_autograd(rows, dim):
    g, reference = points(rows, dim).double().requires_grad_(), some_reference(dim)
    nystrom_mmd2(g, reference).backward()
    torch.testing.assert_close(nystrom_mmd2_with_grad(g, reference)[1], g.grad)


def test_plain_form_passes_gradcheck():
    g, reference = points(5, 3).double().requires_grad_(), some_reference(dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda t: nystrom_mmd2(t, reference), g)


def test_float32_gradient_agrees_with_float64():
    g, reference = points(200, 16) + 4, some_reference(16, 40)
    exact = nystrom_mmd2_with_grad(g.double(), reference)[1]
    error = (nystrom_mmd2_with_grad(g, reference)[1] - exact).norm() / exact.norm()
    assert error < 1e-5


@pytest.mark.parametrize("block", [64, 150, 512])
def test_float32_gradient_is_that_of_float64_autograd_whatever_the_block(block):
    g, reference = points(300, 16) + 4, some_reference(16, 130)
    exact = g.double().requires_grad_()
    nystrom_mmd2(exact, reference).backward()
    found = torch.cat(
        [nystrom_mmd2_rows(g, a, b, reference, block)[1] for a, b in ((0, 101), (101, 300))]
    )
    assert (found - exact.grad).norm() < 1e-5 * exact.grad.norm()


@pytest.mark.parametrize("share", [nystrom_mmd2_rows, nystrom_mmd2_rows_score])
def test_no_tensor_is_larger_than_a_block_times_the_batch(share):
    g, reference = points(1000, 5), some_reference(5, 700)
    with LargestTensor() as seen:
        share(g, 100, 900, reference, block=50)
    assert seen.elements == 50 * 1000


def test_the_score_alone_is_that_of_the_rows():
    g, reference = points(70, 3), some_reference()
    found = nystrom_mmd2_rows_score(g, 10, 60, reference, block=16)
    assert float(found) == float(nystrom_mmd2_rows(g, 10, 60, reference, block=16)[0])


def test_float32_score_keeps_the_digits_of_a_discrepancy_far_below_its_terms():
    real, z = points(4000, 8), points(300, 8, 1)
    reference = build_nystrom_reference(real, z, sigma=3.0)
    g = points(1500, 8, 2)
    exact = float(nystrom_mmd2(g.double(), reference))
    assert 0 < exact < 2e-3
    assert float(nystrom_mmd2_with_grad(g, reference)[0]) == pytest.approx(exact, rel=1e-3)


def test_features_are_left_as_they_are():
    g, reference = points(20, 3) + 5, some_reference()
    before = g.clone()
    nystrom_mmd2_rows(g, 0, 20, reference)
    assert torch.equal(g, before)


def test_psi_form_gives_the_same_score():
    g, z, real = points(20, 3).double(), points(6, 3, 5).double(), points(50, 3, 6).double()
    reference = build_nystrom_reference(real, z, sigma=1.5)
    gamma = reference.gamma
    k_zz = plain.kernel(z, z, gamma) + 1e-6 * np.eye(6)
    root = np.linalg.inv(scipy.linalg.sqrtm(k_zz).real)
    psi_g, psi_r = (plain.kernel(x, z, gamma) @ root for x in (g, real))
    attraction = (psi_g @ psi_r.mean(0)).mean()
    expected = plain.kernel(g, g, gamma).mean() - 2 * attraction + reference.k_rr
    assert float(nystrom_mmd2(g, reference)) == pytest.approx(expected, abs=1e-6)


@settings(deadline=None, max_examples=40)
@given(
    rows=st.integers(1, 30),
    cuts=st.lists(st.integers(0, 30), max_size=4),
    block=st.integers(1, 40),
)
def test_any_partition_of_the_rows_adds_up_to_the_whole(rows, cuts, block):
    g, reference = points(rows, 3).double(), some_reference()
    score, grad = nystrom_mmd2_with_grad(g, reference)
    edges = [0, *sorted(min(c, rows) for c in cuts), rows]
    parts = [nystrom_mmd2_rows(g, a, b, reference, block) for a, b in itertools.pairwise(edges)]
    total = sum(part[0] for part in parts) + reference.k_rr
    torch.testing.assert_close(total, score, rtol=0, atol=1e-12)
    torch.testing.assert_close(torch.cat([part[1] for part in parts]), grad)


def test_order_of_the_rows_permutes_the_gradient_only():
    g, reference = points(25, 3).double(), some_reference()
    order = torch.randperm(25, generator=torch.Generator().manual_seed(0))
    score, grad = nystrom_mmd2_with_grad(g, reference)
    permuted_score, permuted_grad = nystrom_mmd2_with_grad(g[order], reference)
    torch.testing.assert_close(permuted_score, score)
    torch.testing.assert_close(permuted_grad, grad[order])


def test_translating_features_and_landmarks_together_changes_nothing():
    g, reference = points(25, 3).double(), some_reference(dtype=torch.float64)
    moved = NystromReference(
        reference.landmarks + 50, reference.alpha, reference.gamma, reference.k_rr
    )
    for a, b in zip(
        nystrom_mmd2_with_grad(g, reference), nystrom_mmd2_with_grad(g + 50, moved), strict=True
    ):
        torch.testing.assert_close(a, b)


def test_duplicates_get_equal_gradients():
    g, reference = points(4, 3).repeat(3, 1), some_reference()
    grad = nystrom_mmd2_with_grad(g, reference)[1]
    torch.testing.assert_close(grad[:4], grad[4:8])
    assert grad.abs().max() > 0


def test_a_point_far_from_everything_gets_no_force_and_pays_its_repulsion():
    g, reference = points(10, 3), some_reference()
    g[0] = 1e3
    score, grad = nystrom_mmd2_with_grad(g, reference)
    assert grad[0].abs().max() == 0
    assert float(score) == pytest.approx(definition(g, reference), abs=1e-5)


def test_landmarks_that_are_all_real_rows_give_the_exact_biased_mmd():
    g, real = points(20, 3).double(), points(30, 3, 1).double()
    reference = build_nystrom_reference(real, real, sigma=1.0, jitter=1e-10)
    kernel_mean = plain.kernel(g, real, 0.5).mean()
    expected = (
        plain.kernel(g, g, 0.5).mean() - 2 * kernel_mean + plain.kernel(real, real, 0.5).mean()
    )
    assert float(nystrom_mmd2(g, reference)) == pytest.approx(expected, abs=1e-6)
    assert expected > 0


@pytest.mark.parametrize(("rows", "real_rows", "dim"), [(1, 1, 1), (7, 5, 3), (33, 130, 2)])
def test_against_its_exact_reference_a_set_scores_the_exact_biased_mmd(rows, real_rows, dim):
    g, real = points(rows, dim), points(real_rows, dim, 1) + 0.5
    g[: rows // 3] = g[0]
    expected = plain.kernel(g, g, 0.7).mean() + plain.kernel(real, real, 0.7).mean()
    expected -= 2 * plain.kernel(g, real, 0.7).mean()
    reference = exact_reference(real, 0.7)
    score, grad = nystrom_mmd2_with_grad(g, reference)
    assert float(score) == pytest.approx(expected, abs=1e-6)
    leaf = g.clone().requires_grad_()
    exact_mmd2(leaf, real, 0.7, biased=True).backward()
    torch.testing.assert_close(grad, leaf.grad, rtol=1e-4, atol=1e-6)


def test_descending_the_gradient_lowers_the_score():
    g, reference = points(64, 3) + 2, some_reference()
    before = float(nystrom_mmd2(g, reference))
    for _ in range(20):
        g = g - 20 * nystrom_mmd2_with_grad(g, reference)[1]
    assert float(nystrom_mmd2(g, reference)) < 0.5 * before


def test_half_precision_features_get_a_float32_gradient():
    g, reference = points(10, 3).bfloat16(), some_reference()
    score, grad = nystrom_mmd2_with_grad(g, reference)
    assert grad.dtype == torch.float32
    torch.testing.assert_close(grad, nystrom_mmd2_with_grad(g.float(), reference)[1])
    assert float(score) == pytest.approx(definition(g, reference), abs=1e-6)


def test_no_autograd_graph_is_built():
    g = points(10, 3).requires_grad_()
    assert not any(t.requires_grad for t in nystrom_mmd2_with_grad(g, some_reference()))


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_non_finite_rows_are_refused_also_by_the_rank_that_does_not_own_them(bad):
    g = points(10, 3)
    g[[8, 9], 1] = bad
    with pytest.raises(RdmError, match="2 of 10 rows"):
        nystrom_mmd2_rows(g, 0, 5, some_reference())


def test_features_of_another_encoder_are_refused():
    with pytest.raises(RdmError, match=r"\(10, 4\), expected \(N >= 1, 3\)"):
        nystrom_mmd2_with_grad(points(10, 4), some_reference())
    with pytest.raises(RdmError, match=r"\(10, 4\), expected \(N >= 1, 3\)"):
        nystrom_mmd2(points(10, 4), some_reference())


@pytest.mark.parametrize("rows", [(-1, 3), (5, 3), (0, 11)])
def test_rows_outside_the_batch_are_refused(rows):
    with pytest.raises(RdmError, match="allowed within 0:10"):
        nystrom_mmd2_rows(points(10, 3), *rows, some_reference())
