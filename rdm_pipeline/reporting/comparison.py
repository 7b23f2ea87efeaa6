"""A table of variants over seeds, and whether the paper's order of them shows in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean, stdev
from typing import Literal

from rdm_pipeline.reporting.tables import Cell, Column, Table

PAIRED = (
    "Rows are compared seed by seed: a pair stands if the mean of its differences exceeds their "
    "standard deviation."
)

# Metric -> one value per seed.
Scores = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Row:
    """A variant or a baseline: its label, its scores, and facts about it by column name."""

    label: str
    scores: Scores
    facts: Mapping[str, int | str]


@dataclass(frozen=True)
class Pairs:
    """How many pairs of rows stand as the paper has them, the other way round, or too close."""

    agree: int
    disagree: int
    close: int

    @property
    def verdict(self) -> str:
        """Whether the order shows: most pairs stand so and none the other way round."""
        if not self.agree and not self.disagree:
            return "cannot be told from this spread"
        if not self.disagree and self.agree > self.close:
            return "shows at this scale"
        return "shows in part" if self.agree > self.disagree else "does not show at this scale"


def comparison_table(
    title: str,
    rows: Sequence[Row],
    order: Sequence[str],
    metrics: Mapping[str, str],
    better: Literal["lower", "higher"] = "lower",
    paired: bool = False,
) -> Table:
    """Return mean and spread over seeds of each metric, by row; the caption tells of the order.

    `metrics` names columns by the key of the scores, of all of which lower is `better`, or higher.
    `order` lists labels as the paper ranks them, best first. `paired`: value i of every row is of
    one seed, so that rows are compared by their differences.
    """
    facts = list(dict.fromkeys(name for row in rows for name in row.facts))
    columns = [Column("run"), *[Column(name) for name in facts], Column("seeds")]
    for name in metrics.values():
        columns += [Column(name), Column(f"± {name}")]
    scores, towards = (
        {row.label: row.scores for row in rows},
        order[:: 1 if better == "lower" else -1],
    )
    findings = [] if not order else [f"The order to look for, best first: {', '.join(order)}."]
    findings += [  # the lowest first, as pairs are counted
        _finding(name, pairs_in_order(towards, {row: scores[row][key] for row in order}, paired))
        for key, name in (metrics.items() if order else ())
    ]
    spread = f"Mean over seeds and, behind ±, the standard deviation; {better} is better."
    caption = " ".join([spread, *([PAIRED] if paired and order else []), *findings])
    return Table(title, caption, tuple(columns), tuple(_cells(row, facts, metrics) for row in rows))


def pairs_in_order(
    order: Sequence[str], values: Mapping[str, Sequence[float]], paired: bool = False
) -> Pairs:
    """Count the pairs of `order` (best, that is lowest, first) that `values` confirm.

    A pair is close if its means differ by no more than the root of the sum of squared spreads, or,
    if values are `paired`, than the spread of their differences; also if a row has one value only.
    """
    agree = disagree = close = 0
    for better, worse in combinations(order, 2):
        if min(len(values[better]), len(values[worse])) < 2:
            close += 1  # one seed tells no spread
            continue
        gap, noise = _gap(values[better], values[worse], paired)
        agree += gap > noise
        disagree += gap < -noise
        close += abs(gap) <= noise
    return Pairs(agree, disagree, close)


def _gap(better: Sequence[float], worse: Sequence[float], paired: bool) -> tuple[float, float]:
    """Return by how much two rows differ, and what of that their seeds alone may make."""
    if paired:
        differences = [other - one for one, other in zip(better, worse, strict=True)]
        return fmean(differences), stdev(differences)
    return fmean(worse) - fmean(better), (stdev(worse) ** 2 + stdev(better) ** 2) ** 0.5


def _finding(metric: str, pairs: Pairs) -> str:
    total = pairs.agree + pairs.disagree + pairs.close
    return (
        f"By {metric} it {pairs.verdict}: of {total} pairs {pairs.agree} stand in this order, "
        f"{pairs.disagree} the other way round, {pairs.close} within the spread."
    )


def _cells(row: Row, facts: Sequence[str], metrics: Mapping[str, str]) -> tuple[Cell, ...]:
    count = len(next(iter(row.scores.values())))
    cells: list[Cell] = [row.label, *[row.facts.get(name) for name in facts], count]
    for key in metrics:
        values = row.scores[key]
        cells += [fmean(values), stdev(values) if count > 1 else None]
    return tuple(cells)
