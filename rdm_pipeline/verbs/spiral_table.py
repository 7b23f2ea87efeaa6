"""rdm spiral_table: cells of the spiral study beside the paper's, as a table in three forms."""

from pathlib import Path

from rdm_pipeline.artifacts import read_json
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.spiral import SpiralData, SpiralScoring, SpiralTolerance
from rdm_pipeline.reporting.spiral import SpiralScore
from rdm_pipeline.reporting.spiral_tables import cells_table
from rdm_pipeline.reporting.written import write_table
from rdm_pipeline.studies.spiral import real_scores


class Params(Section):
    """What spiral_table reads."""

    title: str
    data: SpiralData
    scoring: SpiralScoring
    tolerance: SpiralTolerance


def run(params: Params, *, scores: list[Path], csv: Path, markdown: Path, latex: Path) -> None:
    """Write the table as CSV, Markdown and LaTeX; real points are drawn and scored here."""
    table = cells_table(
        params.title,
        [SpiralScore(**read_json(path)) for path in scores],
        real_scores(params.data, params.scoring),
        params.tolerance,
    )
    write_table(table, csv, markdown, latex)
