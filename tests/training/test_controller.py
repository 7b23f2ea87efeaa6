"""The controller against section 4's formulas, worked by hand."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rdm_pipeline.params.runs import ControllerSpec
from rdm_pipeline.training.controller import LagrangianController, budget_weights

SPEC = ControllerSpec(
    ema=0.5,
    kp=1.0,
    ki=0.0,
    kd=0.0,
    error_clip=5.0,
    temperature=2.0,
    relative=False,
    floor_draws=8,
    floor_seed=0,
)


def tensor(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


class Against:
    """A controller whose floors stay the same."""

    def __init__(self, floors: torch.Tensor, **changes: object) -> None:
        self.floors = floors
        self.itself = LagrangianController(SPEC.model_copy(update=changes))

    def update(self, scores: torch.Tensor) -> torch.Tensor:
        return self.itself.update(scores, self.floors)


def test_one_step_by_hand():
    # errors .3 and .1; T = 2 * mean(.3, .1) = .4; softmax of (0, -.2/.4) times the budget 3
    weights = Against(tensor(0.1, 0.1, 0.1)).update(tensor(0.4, 0.2, 0.05))
    share = 1 / (1 + math.exp(-0.5))
    assert weights.tolist() == pytest.approx([3 * share, 3 * (1 - share), 0.0])


def test_scores_are_smoothed_before_they_are_compared_with_the_floor():
    pid = Against(tensor(0.1, 0.1))
    pid.update(tensor(0.3, 0.3))
    # ema of the first: (.3 + 0)/2 = .15 > .1 although the raw score is below its floor
    assert (pid.update(tensor(0.0, 0.0)) > 0).all()
    # next: (.15 + 0)/2 = .075 < .1
    assert pid.update(tensor(0.0, 0.0)).tolist() == [0, 0]


def test_all_weights_are_zero_once_every_floor_is_reached():
    assert Against(tensor(0.1, 0.2)).update(tensor(0.1, 0.1)).tolist() == [0, 0]


def test_errors_are_clipped():
    # both errors count as 5, so the weights are equal
    assert Against(tensor(0.0, 0.0)).update(tensor(50.0, 7.0)).tolist() == pytest.approx([1, 1])


def test_relative_errors_are_divided_by_the_floor():
    pid = Against(tensor(0.1, 10.0), relative=True)
    assert pid.update(tensor(0.2, 20.0)).tolist() == pytest.approx([1, 1])


def test_integral_and_derivative_terms():
    pid = Against(tensor(0.0, 1.0), ema=1.0, kp=0.0, ki=1.0, kd=0.0)
    pid.update(tensor(1.0, 0.5))
    # integrals: 1 + 1 = 2 and -.5 + .5 = 0: the second is not active
    assert pid.update(tensor(1.0, 1.5)).tolist() == pytest.approx([2, 0])
    pid = Against(tensor(0.0, 0.0), ema=1.0, kp=0.0, ki=0.0, kd=1.0)
    pid.update(tensor(1.0, 1.0))
    # differences: 1 and -0.5
    assert pid.update(tensor(2.0, 0.5)).tolist() == pytest.approx([2, 0])


def test_floors_may_change_with_the_batch():
    pid = LagrangianController(SPEC.model_copy(update={"ema": 1.0}))
    assert (pid.update(tensor(0.2, 0.2), tensor(0.1, 0.1)) > 0).all()
    assert pid.update(tensor(0.2, 0.2), tensor(0.3, 0.1)).tolist() == pytest.approx([0, 2])


def test_a_restored_controller_goes_on_as_if_never_stopped():
    scores = torch.rand(12, 4, dtype=torch.float64)
    straight, first = (
        Against(scores[0] / 2, ki=0.1, kd=0.2),
        Against(scores[0] / 2, ki=0.1, kd=0.2),
    )
    expected = [straight.update(row) for row in scores]
    for row in scores[:5]:
        first.update(row)
    second = Against(scores[0] / 2, ki=0.1, kd=0.2)
    second.itself.load_state_dict(first.itself.state_dict())
    for row, weights in zip(scores[5:], expected[5:], strict=True):
        assert torch.equal(second.update(row), weights)


@given(
    st.lists(st.floats(-10, 10), min_size=1, max_size=14),
    st.floats(0.1, 20),
    st.floats(0.01, 10),
)
def test_the_budget_is_shared_by_those_above_their_floor(control, budget, temperature):
    values = tensor(*control)
    weights = budget_weights(values, budget, temperature)
    assert (weights >= 0).all()
    assert ((weights > 0) <= (values > 0)).all()
    expected = budget if (values > 0).any() else 0.0
    assert float(weights.sum()) == pytest.approx(expected)
    order = torch.argsort(values)
    assert (weights[order].diff() >= -1e-9).all(), "further from the floor, larger weight"
