"""GenEval as a table: a row per generator and detector, a column per task (paper Table 2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rdm_pipeline.reporting.comparison import Row, comparison_table
from rdm_pipeline.reporting.published import COLUMN
from rdm_pipeline.reporting.tables import Cell, Column, Table

TITLE = "Table 2: GenEval"
CAPTION = (
    "Share of images that show what their prompt asks for; overall is the unweighted mean of the "
    "six tasks. In training: share of the evaluated prompts that the training captions hold, so "
    "that the numbers beside it are of prompts partly trained on; held out: overall of the others "
    "alone. Another detector is another scale: rows compare only under the same one."
)
PICKSCORE = " PickScore: its mean over these images and their prompts."
PAPER_NOTE = (
    "the paper's overall number (arXiv 2607.02375) for the row of that name, at 512 px on the 553 "
    "prompts of GenEval, a part of which its training saw too; for orientation only."
)
TASKS = {
    "single_object": "single object",
    "two_object": "two objects",
    "counting": "counting",
    "colors": "colors",
    "position": "position",
    "color_attr": "color attribution",
}
MEANS = {"overall": "overall", "held_out": "held out"}


@dataclass(frozen=True)
class GenevalRow:
    """A generator as a detector saw it.

    scores: `all` and `held_out`, each with rates by task and overall, and `contamination`; the last
    two are None where the training captions are not known.
    """

    label: str
    detector: str
    scores: Mapping[str, Any]
    pickscore: float | None = None
    paper: float | None = None


def geneval_table(rows: Sequence[GenevalRow], paper_only: Mapping[str, float]) -> Table:
    """Return the table; `paper_only` are rows that have a published number and no other."""
    scored = any(row.pickscore is not None for row in rows)
    columns = (
        Column("generator"),
        *[Column(name, decimals=3) for name in TASKS.values()],
        Column("overall", decimals=3),
        Column("held out", decimals=3),
        Column("in training", decimals=3),
        Column("detector"),
        *([Column("PickScore", decimals=2)] if scored else []),
        Column(COLUMN.partition(" (")[0], paper=True, decimals=3),
    )
    blank = (None,) * (len(columns) - 2)
    cells = [_cells(row, scored) for row in rows]
    cells += [(name, *blank, number) for name, number in paper_only.items()]
    caption = CAPTION + (PICKSCORE if scored else "")
    return Table(TITLE, caption, columns, tuple(cells), PAPER_NOTE)


def seeds_table(
    groups: Mapping[str, Sequence[Mapping[str, Any]]], order: Sequence[str], detector: str
) -> Table:
    """Return mean and spread of each rate over the scores of a label, and whether `order` shows.

    Scores of one place in their rows are of one seed, as of students of one teacher.
    What is not known of all scores, such as of held-out prompts, has no column.
    """
    rates = {label: [_rates(scores) for scores in each] for label, each in groups.items()}
    known = set.intersection(*[set(one) for each in rates.values() for one in each])
    metrics = {key: name for key, name in {**TASKS, **MEANS}.items() if key in known}
    rows = [
        Row(label, {key: [one[key] for one in each] for key in metrics}, {})
        for label, each in rates.items()
    ]
    title = f"{TITLE} over seeds, by {detector}"
    return comparison_table(title, rows, order, metrics, "higher", paired=True)


def _rates(scores: Mapping[str, Any]) -> dict[str, float]:
    """Return a generator's rates by task and both means, those that there are."""
    held_out = scores["held_out"] or {"overall": None}
    means = {"overall": scores["all"]["overall"], "held_out": held_out["overall"]}
    found = {**scores["all"]["tasks"], **means}
    return {key: value for key, value in found.items() if value is not None}


def _cells(row: GenevalRow, scored: bool) -> tuple[Cell, ...]:
    everything, held_out = row.scores["all"], row.scores["held_out"]
    return (
        row.label,
        *[everything["tasks"].get(task) for task in TASKS],
        everything["overall"],
        held_out and held_out["overall"],
        row.scores["contamination"],
        row.detector,
        *([row.pickscore] if scored else []),
        row.paper,
    )
