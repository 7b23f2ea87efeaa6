import pytest

from rdm_pipeline.reporting.site.curves import HEIGHT, MOST, WIDTH, charts

FLOORS = {"8": {"sup": {"mean": 0.5}}, "16": {"sup": {"mean": 0.25}}}


def entry(step: int, score: float, weight: float = 1.0, batch: int = 8) -> dict:
    return {"step": step, "batch": batch, "scores": {"sup": score}, "weights": {"sup": weight}}


def points(line: str) -> list[tuple[float, float]]:
    return [tuple(map(float, pair.split(","))) for pair in line.split()]


def test_a_score_is_drawn_over_the_floor_of_its_batch():
    (chart,) = charts([entry(0, 5.0), entry(1, 0.5), entry(2, 0.5, batch=16)], FLOORS)
    (x0, first), (x1, second), (x2, third) = points(chart.score.line)
    assert (x0, x1, x2) == (0, WIDTH / 2, WIDTH)
    assert first == 0 and second == pytest.approx(chart.score.level, abs=0.1)
    assert first < third < second
    assert chart.last_score == 2


def test_weights_start_at_zero_and_ticks_stay_on_the_axis():
    (chart,) = charts([entry(0, 1.0, 0.0), entry(1, 1.0, 3.0)], FLOORS)
    assert points(chart.weight.line)[0][1] == HEIGHT
    assert [tick.label for tick in chart.weight.ticks][:2] == ["0", "1"]
    for tick in (*chart.weight.ticks, *chart.score.ticks):
        assert 0 <= tick.at <= HEIGHT


def test_skipped_steps_are_left_out_and_the_last_step_is_always_drawn():
    history = [entry(step, 1.0) for step in range(1000)]
    history[5] = {"step": 5, "batch": 8, "skipped": "not finite"}
    (chart,) = charts(history, FLOORS)
    found = points(chart.score.line)
    assert MOST / 2 < len(found) <= MOST + 1
    assert found[-1][0] == WIDTH
    assert [tick.label for tick in chart.steps] == ["0", "999"]


def test_scores_at_or_below_zero_lie_at_the_bottom():
    (chart,) = charts([entry(0, -0.1), entry(1, 0.0), entry(2, 50.0)], FLOORS)
    assert [y for _, y in points(chart.score.line)] == [HEIGHT, HEIGHT, 0]


def test_one_step_and_none():
    assert len(charts([entry(7, 1.0)], FLOORS)) == 1
    assert charts([], FLOORS) == []
    assert charts([{"step": 0, "batch": 8, "skipped": "not finite"}], FLOORS) == []
