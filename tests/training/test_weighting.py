"""Weightings other than the controller."""

import math

import pytest
import torch

from rdm_pipeline.params.runs import DwaSpec
from rdm_pipeline.training.controller import LagrangianController
from rdm_pipeline.training.weighting import DynamicWeightAverage, Fixed, build_weighting

FLOORS = torch.zeros(2, dtype=torch.float64)


def tensor(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_dynamic_weight_average_by_hand():
    dwa = DynamicWeightAverage(DwaSpec(temperature=2.0))
    assert dwa.update(tensor(4.0, 1.0), FLOORS).tolist() == [1, 1]
    # ratios 1/2 and 1: the second falls more slowly and gets more
    first = 1 / (1 + math.exp((1.0 - 0.5) / 2))
    weights = dwa.update(tensor(2.0, 1.0), FLOORS)
    assert weights.tolist() == pytest.approx([2 * first, 2 * (1 - first)])


def test_a_restored_average_goes_on_as_if_never_stopped():
    scores = torch.rand(6, 2, dtype=torch.float64)
    straight = DynamicWeightAverage(DwaSpec(temperature=1.0))
    expected = [straight.update(row, FLOORS) for row in scores]
    first = DynamicWeightAverage(DwaSpec(temperature=1.0))
    for row in scores[:3]:
        first.update(row, FLOORS)
    second = DynamicWeightAverage(DwaSpec(temperature=1.0))
    second.load_state_dict(first.state_dict())
    for row, weights in zip(scores[3:], expected[3:], strict=True):
        assert torch.equal(second.update(row, FLOORS), weights)


def test_fixed_weights_stay_one():
    assert Fixed().update(tensor(3.0, 0.1), FLOORS).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("controller", LagrangianController),
        ("dwa", DynamicWeightAverage),
        ("uniform", Fixed),
        ("none", Fixed),
    ],
)
def test_a_run_names_its_weighting(job, name, kind):
    assert isinstance(build_weighting(job.params(weighting=name).run), kind)
