"""rdm geneval_seeds: GenEval of generators that differ in seeds, as mean and spread."""

from pathlib import Path

from rdm_pipeline.artifacts import read_json, write_text
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.geneval import DetectorSpec, GenevalSeeds
from rdm_pipeline.reporting.geneval import seeds_table
from rdm_pipeline.reporting.tables import to_csv, to_latex, to_markdown


class Params(Section):
    """What geneval_seeds reads."""

    table: GenevalSeeds
    detectors: dict[str, DetectorSpec]


def run(params: Params, *, scores: list[Path], csv: Path, markdown: Path, latex: Path) -> None:
    """Write the table in three forms; `scores` are label by label, the seeds within."""
    told = params.table
    left = iter(scores)
    groups = {label: [read_json(next(left)) for _ in rows] for label, rows in told.rows.items()}
    table = seeds_table(groups, told.order, params.detectors[told.detector].label)
    write_text(csv, to_csv(table))
    write_text(markdown, to_markdown(table))
    write_text(latex, to_latex(table))
