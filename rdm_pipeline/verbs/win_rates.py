"""rdm win_rates: how often a generator's images are preferred to others, pair by pair."""

from pathlib import Path

from rdm_pipeline.artifacts import write_bytes
from rdm_pipeline.loading.preference import Scored, compared, load_scored
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.preference import PreferenceFigure
from rdm_pipeline.reporting.preference import Rival, preference_table, win_rate_bars
from rdm_pipeline.reporting.published import WIN_RATES, published_only, published_rows
from rdm_pipeline.reporting.written import write_table


class Params(Section):
    """What win_rates reads."""

    figure: PreferenceFigure
    labels: dict[str, str]
    published: dict[str, str]


def run(
    params: Params, *, scores: list[Path], csv: Path, markdown: Path, latex: Path, picture: Path
) -> None:
    """Write table and figure; `scores` are of the run, then of what it is compared with.

    RdmError for pairs of another class, from other noise or judged by another model.
    """
    own, *rest = map(load_scored, scores)
    paper = published_rows(WIN_RATES, params.published)
    rivals = [
        _rival(params.labels[name], own, theirs, paper.get(name))
        for name, theirs in zip(params.figure.against, rest, strict=True)
    ]
    for name, rate in published_only(WIN_RATES, params.figure.paper_only, "fig6").items():
        rivals.append(Rival(name, None, None, None, None, rate))
    label = params.labels[params.figure.run]
    table = preference_table(label, rivals)
    write_table(table, csv, markdown, latex)
    write_bytes(picture, win_rate_bars(label, rivals))


def _rival(label: str, own: Scored, theirs: Scored, paper: float | None) -> Rival:
    rate, matched = compared(own, theirs)
    return Rival(label, rate, own.mean, theirs.mean, matched, paper)
