"""rdm geneval_seeds: GenEval of generators that differ in seeds, as mean and spread."""

from pathlib import Path

from rdm_pipeline.artifacts import read_json
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.geneval import DetectorSpec, GenevalSeeds
from rdm_pipeline.reporting.geneval import seeds_table
from rdm_pipeline.reporting.written import write_table


class Params(Section):
    """What geneval_seeds reads; `labels` of the table's rows, in the order of their scores."""

    table: GenevalSeeds
    labels: list[str]
    detectors: dict[str, DetectorSpec]


def run(params: Params, *, scores: list[Path], csv: Path, markdown: Path, latex: Path) -> None:
    """Write the table in three forms; `scores` are label by label, the seeds within."""
    told = params.table
    left = iter(scores)
    groups = {label: [read_json(next(left)) for _ in told.rows[label]] for label in params.labels}
    table = seeds_table(groups, told.order, params.detectors[told.detector].label)
    write_table(table, csv, markdown, latex)
