import numpy as np
import pytest
import torch

from rdm_pipeline.discrepancies.drifting import drifting_field, drifting_loss
from rdm_pipeline.errors import RdmError
from tests.discrepancies import plain
from tests.discrepancies.plain import points

TEMPERATURES = [0.06, 0.2]


def groups(count: int, rows: int, size: int, seed: int = 0) -> torch.Tensor:
    return points(count * rows, size, seed).view(count, rows, size)


@pytest.mark.parametrize(
    ("count", "generated", "real", "size"),
    [(1, 5, 7, 3), (3, 4, 2, 5), (2, 2, 1, 1), (1, 33, 9, 2)],
)
def test_field_and_scale_match_the_definition(count, generated, real, size):
    g, r = groups(count, generated, size), groups(count, real, size, 1) + 0.5
    field, scale = drifting_field(g, r, TEMPERATURES)
    expected, expected_scale = plain.drifting_field(g, r, TEMPERATURES)
    assert float(scale) == pytest.approx(expected_scale, rel=1e-5)
    np.testing.assert_allclose(field.numpy(), expected, rtol=1e-3, atol=1e-4)


def test_gradient_is_the_field_scaled_and_the_value_its_mean_square():
    g, r = groups(2, 5, 3).double().requires_grad_(), groups(2, 7, 3, 1).double()
    field, scale = drifting_field(g, r, TEMPERATURES)
    loss = drifting_loss(g, r, TEMPERATURES)
    (grad,) = torch.autograd.grad(loss, g)
    assert float(loss) == pytest.approx(float(field.square().mean()))
    torch.testing.assert_close(grad, -2 * field / (g.numel() * scale))


def test_regression_to_a_frozen_goal_passes_gradcheck(monkeypatch):
    g, r = groups(1, 5, 3).double(), groups(1, 7, 3, 1).double()
    frozen = drifting_field(g, r, TEMPERATURES)
    goal = (g / frozen[1] + frozen[0]).detach()
    leaf = g.requires_grad_()
    (grad,) = torch.autograd.grad(drifting_loss(leaf, r, TEMPERATURES), leaf)
    regression = lambda t: (t / frozen[1] - goal).square().mean()  # noqa: E731
    assert torch.autograd.gradcheck(regression, leaf)
    torch.testing.assert_close(grad, torch.autograd.grad(regression(leaf), leaf)[0])


def test_each_temperature_contributes_a_force_of_mean_square_1():
    g, r = groups(2, 6, 4) * 100, groups(2, 9, 4, 1) * 100
    fields = [drifting_field(g, r, [t])[0] for t in TEMPERATURES]
    for field in fields:
        assert float(field.square().mean()) == pytest.approx(1, rel=1e-4)
    torch.testing.assert_close(drifting_field(g, r, TEMPERATURES)[0], sum(fields))


@pytest.mark.parametrize("factor", [0.001, 1000.0])
def test_units_of_the_features_change_the_scale_and_not_the_field(factor):
    g, r = groups(1, 6, 4), groups(1, 9, 4, 1)
    field, scale = drifting_field(g, r, TEMPERATURES)
    other_field, other_scale = drifting_field(g * factor, r * factor, TEMPERATURES)
    torch.testing.assert_close(other_field, field, rtol=1e-3, atol=1e-4)
    assert float(other_scale) == pytest.approx(float(scale) * factor, rel=1e-4)


def test_a_group_meets_only_its_own_up_to_the_common_scale():
    g, r = groups(2, 5, 3), groups(2, 7, 3, 1)
    twice = drifting_field(g[:1].repeat(2, 1, 1), r[:1].repeat(2, 1, 1), TEMPERATURES)[0]
    once = drifting_field(g[:1], r[:1], TEMPERATURES)[0]
    torch.testing.assert_close(twice, once.repeat(2, 1, 1))


def test_a_point_between_another_and_the_real_ones_is_pushed_towards_the_real_ones():
    g, r = torch.tensor([[[0.0], [1.0]]]), torch.tensor([[[3.0], [3.5]]])
    assert drifting_field(g, r, [0.5])[0][0, 1, 0] > 0


def test_following_the_field_covers_the_real_points():
    r, g = groups(1, 40, 2, 1), groups(1, 40, 2) * 0.1
    for _ in range(300):
        field, scale = drifting_field(g, r, [0.1, 0.3])
        g = g + 0.03 * scale * field
    assert torch.cdist(r[0], g[0]).min(dim=1).values.median() < 0.2


def test_duplicates_feel_the_same_force_and_all_points_in_one_place_none():
    field, _ = drifting_field(groups(1, 3, 2).repeat(1, 2, 1), groups(1, 5, 2, 1), TEMPERATURES)
    torch.testing.assert_close(field[:, :3], field[:, 3:], rtol=1e-4, atol=1e-5)
    same = torch.ones(1, 4, 2, requires_grad=True)
    drifting_loss(same, torch.ones(1, 3, 2), TEMPERATURES).backward()
    assert same.grad.abs().max() == 0


def test_a_single_point_has_nothing_to_be_repelled_by_and_stays():
    g = groups(1, 1, 3).requires_grad_()
    drifting_loss(g, groups(1, 5, 3, 1), TEMPERATURES).backward()
    assert g.grad.abs().max() == 0


def test_points_beyond_the_reach_of_every_affinity_leave_all_finite():
    g = groups(1, 6, 2)
    g[0, 0] = 1e8
    leaf = g.requires_grad_()
    drifting_loss(leaf, groups(1, 9, 2, 1), TEMPERATURES).backward()
    assert leaf.grad.isfinite().all()


def test_half_precision_features_are_computed_in_float32():
    g, r = groups(1, 6, 4).bfloat16(), groups(1, 9, 4, 1).bfloat16()
    field, _ = drifting_field(g, r, TEMPERATURES)
    assert field.dtype == torch.float32
    torch.testing.assert_close(field, drifting_field(g.float(), r.float(), TEMPERATURES)[0])


@pytest.mark.parametrize(
    ("generated", "real"),
    [
        ((4, 3), (1, 4, 3)),
        ((1, 4, 3), (1, 4, 2)),
        ((2, 4, 3), (1, 4, 3)),
        ((1, 4, 3), (1, 0, 3)),
        ((1, 0, 3), (1, 4, 3)),
    ],
)
def test_shapes_that_do_not_fit_are_refused(generated, real):
    with pytest.raises(RdmError, match=r"allowed \(B, C >= 1, S\) and \(B, P >= 1, S\)"):
        drifting_loss(torch.zeros(generated), torch.zeros(real), TEMPERATURES)
