"""rdm geneval_table: GenEval of several generators as a table in three forms."""

from pathlib import Path

import numpy as np

from rdm_pipeline.artifacts import read_array, read_json
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.geneval import DetectorSpec, GenevalTable
from rdm_pipeline.reporting.geneval import GenevalRow, geneval_table
from rdm_pipeline.reporting.published import GENEVAL, published_only, published_rows
from rdm_pipeline.reporting.written import write_table


class Params(Section):
    """What geneval_table reads; `order` of the detectors is that of their scores."""

    table: GenevalTable
    detectors: dict[str, DetectorSpec]
    order: list[str]
    labels: dict[str, str]
    published: dict[str, str]


def run(
    params: Params,
    *,
    scores: list[Path],
    pickscores: list[Path],
    csv: Path,
    markdown: Path,
    latex: Path,
) -> None:
    """Write the table; `scores` are row by row, the detectors within; `pickscores` row by row."""
    paper = published_rows(GENEVAL, params.published)
    pairs = [(row, name) for row in params.table.rows for name in params.order]
    liked = {
        row: float(np.mean(read_array(path, "preference", "scores")))
        for row, path in zip(params.table.rows, pickscores, strict=bool(pickscores))
    }
    rows = [
        GenevalRow(
            label=params.labels[row],
            detector=params.detectors[name].label,
            scores=read_json(path),
            pickscore=liked.get(row),
            paper=paper.get(row),
        )
        for (row, name), path in zip(pairs, scores, strict=True)
    ]
    table = geneval_table(rows, published_only(GENEVAL, params.table.paper_only, "table2"))
    write_table(table, csv, markdown, latex)
