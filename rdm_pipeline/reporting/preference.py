"""Win rates by a model of human preference, as a table and as bars (paper Fig. 6)."""

from collections.abc import Sequence
from dataclasses import dataclass

from rdm_pipeline.evaluation.preference import WinRate
from rdm_pipeline.reporting.figures import blank_figure, legend, png_bytes
from rdm_pipeline.reporting.published import COLUMN
from rdm_pipeline.reporting.tables import Cell, Column, Table

CAPTION = (
    "Share of pairs, in percent, in which PickScore prefers the image of {run}, a tie being half "
    "of one, with its standard error; mean scores of both sides. Pairs are of one class and, where "
    "it says so, made from the same noise."
)
PAPER_NOTE = (
    "the paper's win rate of its iRDM against the row of that name, on ImageNet at 256 px "
    "(arXiv 2607.02375)."
)


@dataclass(frozen=True)
class Rival:
    """What a run is compared with: the outcome, mean scores of both sides, what pairs share.

    A row of the paper alone has its published rate in [0,1] and nothing else.
    """

    label: str
    rate: WinRate | None
    own_mean: float | None
    mean: float | None
    matched: str | None
    paper: float | None


def preference_table(run: str, rivals: Sequence[Rival]) -> Table:
    """Return a table with a row per rival."""
    columns = (
        Column(f"{run} against"),
        Column("win rate", decimals=1),
        Column("± win rate", decimals=1),
        Column("pairs"),
        Column("same"),
        Column(f"score of {run}", decimals=2),
        Column("score of the other", decimals=2),
        Column(COLUMN.partition(" (")[0], paper=True, decimals=1),
    )
    title = "Fig. 6: preference by PickScore"
    rows = tuple(map(_row, rivals))
    return Table(title, CAPTION.format(run=run), columns, rows, PAPER_NOTE)


def win_rate_bars(run: str, rivals: Sequence[Rival]) -> bytes:
    """Return a PNG of win rates in percent, ours with a standard error beside the paper's."""
    with blank_figure(900, 130 + 70 * len(rivals)) as figure:
        axes = figure.subplots()
        places = {rival.label: -index for index, rival in enumerate(rivals)}
        ours = [rival for rival in rivals if rival.rate]
        axes.barh(
            [places[rival.label] + 0.2 for rival in ours],
            [100 * rival.rate.rate for rival in ours if rival.rate],
            0.36,
            xerr=[100 * rival.rate.error for rival in ours if rival.rate],
            capsize=3,
            label=run,
        )
        paper = [rival for rival in rivals if rival.paper is not None]
        axes.barh(
            [places[rival.label] - 0.2 for rival in paper],
            [100 * rival.paper for rival in paper if rival.paper is not None],
            0.36,
            color="lightgrey",
            label="paper's iRDM",
        )
        axes.axvline(50, color="black", linestyle=":")
        axes.set_yticks(list(places.values()), list(places))
        axes.set(xlim=(0, 100), xlabel="preferred, % of pairs")
        legend(axes)
        figure.subplots_adjust(left=0.24, right=0.8, top=0.96, bottom=60 / (130 + 70 * len(rivals)))
        return png_bytes(figure)


def _row(rival: Rival) -> tuple[Cell, ...]:
    paper = None if rival.paper is None else 100 * rival.paper
    if rival.rate is None:
        return (rival.label, None, None, None, None, None, None, paper)
    shares = (100 * rival.rate.rate, 100 * rival.rate.error, rival.rate.pairs)
    return (rival.label, *shares, rival.matched, rival.own_mean, rival.mean, paper)
