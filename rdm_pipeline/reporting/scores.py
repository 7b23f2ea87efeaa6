"""Tables of one panel metric: a row per generator, a column per encoder (paper Tables 1 and 7)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from rdm_pipeline.errors import RdmError
from rdm_pipeline.reporting.published import COLUMN
from rdm_pipeline.reporting.tables import Cell, Column, Table


@dataclass(frozen=True)
class RunScores:
    """A row: its label, one score per encoder of the panel and further numbers by column name."""

    label: str
    scores: Mapping[str, float]
    extra: Mapping[str, float] = field(default_factory=dict)


def score_table(
    title: str,
    caption: str,
    metric: str,
    runs: Sequence[RunScores],
    panel: Sequence[str],
    held_out: Collection[str],
    paper: Mapping[str, float],
    paper_only: Mapping[str, float] | None = None,
) -> Table:
    """Return per-encoder scores, their mean over the panel (`metric`), over both of its parts.

    `paper` maps labels of our rows to published numbers, which get a column of their own; other
    keys are left out. `paper_only` are rows that have no other number. Raises RdmError if a row
    does not score exactly the encoders of `panel`.
    """
    for run in runs:
        _check_panel(title, run, panel)
    extras = list(dict.fromkeys(name for run in runs for name in run.extra))
    columns = [
        Column("run"),
        *[Column(encoder, held_out=encoder in held_out) for encoder in panel],
        Column(metric),
        Column("training mean"),
        Column("held-out mean", held_out=True),
        *[Column(name) for name in extras],
        Column(COLUMN, paper=True),
    ]
    rows = [_row(run, panel, held_out, extras, paper) for run in runs]
    blank = (None,) * (len(columns) - 2)
    rows += [(name, *blank, number) for name, number in (paper_only or {}).items()]
    return Table(title, caption, tuple(columns), tuple(rows))


def _row(
    run: RunScores,
    panel: Sequence[str],
    held_out: Collection[str],
    extras: Sequence[str],
    paper: Mapping[str, float],
) -> tuple[Cell, ...]:
    means = [
        _mean(run.scores, panel),
        _mean(run.scores, [encoder for encoder in panel if encoder not in held_out]),
        _mean(run.scores, [encoder for encoder in panel if encoder in held_out]),
    ]
    scores = [run.scores[encoder] for encoder in panel]
    others = [run.extra.get(name) for name in extras]
    return (run.label, *scores, *means, *others, paper.get(run.label))


def _mean(scores: Mapping[str, float], encoders: Sequence[str]) -> float | None:
    return fmean(scores[encoder] for encoder in encoders) if encoders else None


def _check_panel(title: str, run: RunScores, panel: Sequence[str]) -> None:
    missing = [encoder for encoder in panel if encoder not in run.scores]
    foreign = sorted(run.scores.keys() - set(panel))
    if missing or foreign:
        raise RdmError(
            f"{title}: {run.label} lacks {', '.join(missing) or 'nothing'} and has "
            f"{', '.join(foreign) or 'nothing'} beside the panel of {len(panel)}"
        )
