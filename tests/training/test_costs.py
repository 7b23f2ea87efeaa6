"""Device-hours of a run, over all its starts."""

import json

import pytest

from rdm_pipeline.training import costs
from rdm_pipeline.training.costs import Costs

HOUR = 3600.0


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set."""

    class Clock:
        now = 0.0

    monkeypatch.setattr(costs.time, "monotonic", lambda: Clock.now)
    return Clock


def test_hours_are_of_all_ranks_from_the_beginning_of_the_start_on(tmp_path, clock):
    clock.now = 3 * HOUR
    spent = Costs(tmp_path, rank=0, ranks=4, began=HOUR)
    assert spent.hours == 8
    clock.now = 3.5 * HOUR
    spent.count()
    assert spent.hours == 10


def test_a_killed_start_counts_even_without_a_step_or_a_checkpoint(tmp_path, clock):
    clock.now = HOUR
    Costs(tmp_path, 0, 1, began=0)  # killed in its first step
    again = Costs(tmp_path, 0, 1, began=HOUR)
    clock.now = 3 * HOUR
    again.count()
    clock.now = 100 * HOUR  # killed in its second step, whose time nobody knows
    last = Costs(tmp_path, 0, 1, began=100 * HOUR)
    assert last.hours == 3


def test_steps_that_were_reached_outlive_a_start_and_those_made_again_are_noted_again(
    tmp_path, clock
):
    first = Costs(tmp_path, 0, 1, began=0)
    for step in (2, 4, 5):
        clock.now += HOUR
        first.count()
        first.reach(step, step * 64)
    first.count()
    again = Costs(tmp_path, 0, 1, began=clock.now)  # from a checkpoint after step 3
    clock.now += HOUR
    again.count()
    again.reach(4, 256)
    assert again.reached == [
        {"step": 2, "images": 128, "device_hours": 1},
        {"step": 4, "images": 256, "device_hours": 4},
    ]


def test_rank_0_alone_writes(tmp_path, clock):
    Costs(tmp_path, rank=1, ranks=2, began=0).count()
    assert list(tmp_path.iterdir()) == []
    Costs(tmp_path, rank=0, ranks=2, began=0)
    assert json.loads((tmp_path / costs.FILE).read_text())["device_hours"] == 0
