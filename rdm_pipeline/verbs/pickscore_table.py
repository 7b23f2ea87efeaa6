"""rdm pickscore_table: what a model of human preference says of several generators, by list."""

from pathlib import Path

from rdm_pipeline.loading.preference import compared, load_scored
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.preference import PreferenceTable, PromptList
from rdm_pipeline.reporting.pickscore import PickscoreRow, pickscore_table
from rdm_pipeline.reporting.published import PICKSCORE, published_rows
from rdm_pipeline.reporting.written import write_table


class Params(Section):
    """What pickscore_table reads; `order` of the lists is that of their scores."""

    table: PreferenceTable
    lists: dict[str, PromptList]
    order: list[str]
    context_length: int
    labels: dict[str, str]
    published: dict[str, str]


def run(params: Params, *, scores: list[Path], csv: Path, markdown: Path, latex: Path) -> None:
    """Write the table; `scores` are list by list, the rows within.

    Rows of the paper that none of ours stands for come last.
    Raises RdmError for pairs of other prompts, from other noise or judged by another model.
    """
    table, lists = params.table, [params.lists[name] for name in params.order]
    by_list = zip(*[iter(scores)] * len(table.rows), strict=True)
    rows = [
        row
        for told, paths in zip(lists, by_list, strict=True)
        for row in _rows_of(params, told, dict(zip(table.rows, paths, strict=True)))
    ]
    ours = {params.published.get(name) for name in table.rows}
    only = [
        PickscoreRow(name, told.label, paper=mean)
        for told in lists
        for name, mean in PICKSCORE.get(told.label, {}).items()
        if name not in ours
    ]
    against = params.labels[table.against]
    write_table(pickscore_table([*rows, *only], against), csv, markdown, latex)


def _rows_of(params: Params, told: PromptList, paths: dict[str, Path]) -> list[PickscoreRow]:
    against = params.table.against
    paper = published_rows(PICKSCORE.get(told.label, {}), params.published)
    rival, tokens = load_scored(paths[against]), told.context_length or params.context_length
    rows = []
    for name, path in paths.items():
        own = load_scored(path)
        rows.append(
            PickscoreRow(
                label=params.labels[name],
                prompts=told.label,
                images=len(own.scores),
                tokens=tokens,
                mean=own.mean,
                rate=None if name == against else compared(own, rival)[0],
                paper=paper.get(name),
            )
        )
    return rows
