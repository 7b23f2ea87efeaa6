"""Charts of a run, one per encoder, as lines in the coordinates of an SVG."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 300, 90  # of one chart's plot
MOST = 300  # points of a line


@dataclass(frozen=True)
class Tick:
    """A place on an axis and its label."""

    at: float
    label: str


@dataclass(frozen=True)
class Plot:
    """A line as `x,y x,y ...`, the ticks of its y axis, and a level to compare it with."""

    line: str
    ticks: Sequence[Tick]
    level: float | None


@dataclass(frozen=True)
class Chart:
    """One encoder's score over its floor and its weight by step, and how both end."""

    name: str
    steps: Sequence[Tick]
    score: Plot
    weight: Plot
    last_score: float
    last_weight: float


def charts(
    history: Sequence[Mapping[str, Any]], floors: Mapping[str, Mapping[str, Any]]
) -> list[Chart]:
    """Return the charts of a run's encoders; of a long run every k-th step is drawn.

    An entry of `history` holds `step`, `batch`, `scores` and `weights`, the latter two by encoder;
    `floors` are by batch size and encoder.
    """
    made = [entry for entry in history if "skipped" not in entry]
    if not made:
        return []
    kept = [*made[: -1 : stride(len(made))], made[-1]]
    steps = [float(entry["step"]) for entry in kept]
    found = []
    for name in made[0]["scores"]:
        ratios = [
            entry["scores"][name] / floors[str(entry["batch"])][name]["mean"] for entry in kept
        ]
        weights = [entry["weights"][name] for entry in kept]
        x = [WIDTH * (step - steps[0]) / ((steps[-1] - steps[0]) or 1) for step in steps]
        ends = [Tick(0, f"{steps[0]:g}"), Tick(WIDTH, f"{steps[-1]:g}")]
        score, weight = _logarithmic(x, ratios), _linear(x, weights)
        found.append(Chart(name, ends, score, weight, ratios[-1], weights[-1]))
    return found


def stride(count: int) -> int:
    """Return how many steps of a history of `count` steps a drawn point stands for."""
    return math.ceil(count / MOST)


def _logarithmic(x: Sequence[float], values: Sequence[float]) -> Plot:
    """Plot positive values around 1; others, which an estimate near 0 may have, at the bottom."""
    positive = [value for value in values if value > 0] or [1.0]
    low, high = min(0.9, *positive), max(1.1, *positive)
    span = math.log(high / low)

    def y(value: float) -> float:
        return HEIGHT * (1 - math.log(max(value, low) / low) / span)

    marks = [m * 10.0**e for e in range(-9, 10) for m in (1, 2, 5) if low <= m * 10.0**e <= high]
    if len(marks) > 5:
        marks = [mark for mark in marks if f"{mark:e}".startswith("1.0")]
    return Plot(_line(x, map(y, values)), [Tick(_short(y(m)), f"{m:g}") for m in marks], y(1))


def _linear(x: Sequence[float], values: Sequence[float]) -> Plot:
    """Plot values from 0."""
    high = max(*values, 1e-9) * 1.05

    def y(value: float) -> float:
        return HEIGHT * (1 - value / high)

    step = 10.0 ** math.floor(math.log10(high))
    step = next(s for s in (step / 5, step / 2, step, step * 2) if high / s < 4.5)
    marks = [step * i for i in range(int(high / step) + 1)]
    return Plot(_line(x, map(y, values)), [Tick(_short(y(m)), f"{m:g}") for m in marks], None)


def _line(x: Sequence[float], y: Any) -> str:
    return " ".join(f"{_short(a):g},{_short(b):g}" for a, b in zip(x, y, strict=True))


def _short(value: float) -> float:
    return round(value, 1)
