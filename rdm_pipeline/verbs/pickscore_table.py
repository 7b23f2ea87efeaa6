"""rdm pickscore_table: what a model of human preference says of several generators, by list."""

from pathlib import Path

from rdm_pipeline.errors import RdmError
from rdm_pipeline.evaluation.preference import WinRate
from rdm_pipeline.loading.preference import Scored, compared, load_scored
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.preference import PreferenceTable, ScoredList
from rdm_pipeline.reporting.pickscore import PickscoreRow, pickscore_table
from rdm_pipeline.reporting.published import PICKSCORE, published_only, published_rows
from rdm_pipeline.reporting.written import write_table


class Params(Section):
    """What pickscore_table reads; `order` of the lists is that of their scores."""

    table: PreferenceTable
    lists: dict[str, ScoredList]
    order: list[str]
    context_length: int
    labels: dict[str, str]
    published: dict[str, str]


def run(params: Params, *, scores: list[Path], csv: Path, markdown: Path, latex: Path) -> None:
    """Write the table; `scores` are list by list, the rows within, rows of the paper alone last.

    Raises RdmError for pairs of other prompts, from other noise or judged by another model.
    """
    table, lists = params.table, [params.lists[name] for name in params.order]
    everywhere = {name: mean for means in PICKSCORE.values() for name, mean in means.items()}
    only = published_only(everywhere, table.paper_only, "pickscore")
    by_list = zip(*[iter(scores)] * len(table.rows), strict=True)
    rows = [
        row
        for told, paths in zip(lists, by_list, strict=True)
        for row in _rows_of(params, told, list(map(load_scored, paths)))
    ]
    for told in lists:
        means = PICKSCORE.get(told.label, {})
        rows += [PickscoreRow(n, told.label, paper=means[n]) for n in only if n in means]
    write_table(pickscore_table(rows, params.labels[table.against]), csv, markdown, latex)


def _rows_of(params: Params, told: ScoredList, scored: list[Scored]) -> list[PickscoreRow]:
    rows = params.table.rows
    rival = scored[rows.index(params.table.against)]
    paper = published_rows(PICKSCORE.get(told.label, {}), params.published)
    return [
        PickscoreRow(
            label=params.labels[name],
            prompts=told.label,
            images=len(own.scores),
            tokens=told.context_length or params.context_length,
            mean=own.mean,
            rate=None if own is rival else _rate(own, rival),
            paper=paper.get(name),
        )
        for name, own in zip(rows, scored, strict=True)
    ]


def _rate(own: Scored, rival: Scored) -> WinRate:
    for side in (own, rival):
        if "noise" not in side.attrs or "prompts" not in side.attrs:
            raise RdmError(f"{side.path}: does not say from which noise and prompts its images are")
    return compared(own, rival)[0]
