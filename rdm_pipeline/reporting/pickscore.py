"""PickScore of generators on lists of prompts, as a table."""

from collections.abc import Sequence
from dataclasses import dataclass

from rdm_pipeline.evaluation.preference import WinRate
from rdm_pipeline.reporting.tables import Cell, Column, Table

TITLE = "PickScore"
CAPTION = (
    "Mean score by PickScore of each list's images with their prompts, and the share of pairs, in "
    "percent, in which an image is preferred to that of {against}, a tie being half of one, with "
    "its standard error. Pairs are of one prompt and made from the same noise. Tokens: the length "
    "of the contexts that the generator read."
)
PAPER_NOTE = "the paper's mean (arXiv 2607.02375) for the row of that name, on a list of that name."


@dataclass(frozen=True)
class PickscoreRow:
    """A generator on a list of prompts; without a mean it is a row of the paper alone."""

    label: str
    prompts: str
    images: int | None = None
    tokens: int | None = None
    mean: float | None = None
    rate: WinRate | None = None
    paper: float | None = None


def pickscore_table(rows: Sequence[PickscoreRow], against: str) -> Table:
    """Return the table; `against` is the label of the row that others are paired with."""
    columns = (
        Column("generator"),
        Column("prompts"),
        Column("images"),
        Column("tokens"),
        Column("PickScore", decimals=2),
        Column("win rate", decimals=1),
        Column("± win rate", decimals=1),
        Column("paper", paper=True, decimals=2),
    )
    caption = CAPTION.format(against=against)
    return Table(TITLE, caption, columns, tuple(map(_row, rows)), PAPER_NOTE)


def _row(row: PickscoreRow) -> tuple[Cell, ...]:
    shares = (100 * row.rate.rate, 100 * row.rate.error) if row.rate else (None, None)
    return (row.label, row.prompts, row.images, row.tokens, row.mean, *shares, row.paper)
