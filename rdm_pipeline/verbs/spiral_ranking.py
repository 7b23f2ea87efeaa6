"""rdm spiral_ranking: discrepancies of the spiral study by medDist, as a table in three forms."""

from pathlib import Path

from rdm_pipeline.artifacts import read_json
from rdm_pipeline.params.base import Section
from rdm_pipeline.reporting.spiral import SpiralScore
from rdm_pipeline.reporting.spiral_tables import ranking_table
from rdm_pipeline.reporting.written import write_table


class Params(Section):
    """What spiral_ranking reads."""

    title: str


def run(params: Params, *, scores: list[Path], csv: Path, markdown: Path, latex: Path) -> None:
    """Write the table as CSV, Markdown and LaTeX."""
    table = ranking_table(params.title, [SpiralScore(**read_json(path)) for path in scores])
    write_table(table, csv, markdown, latex)
