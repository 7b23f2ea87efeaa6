"""A table as the three files that a verb leaves."""

from pathlib import Path

from rdm_pipeline.artifacts import write_text
from rdm_pipeline.reporting.tables import Table, to_csv, to_latex, to_markdown


def write_table(table: Table, csv: Path, markdown: Path, latex: Path) -> None:
    """Write a table as CSV, Markdown and LaTeX."""
    write_text(csv, to_csv(table))
    write_text(markdown, to_markdown(table))
    write_text(latex, to_latex(table))
