"""A table of results and the three forms it is printed in: CSV, Markdown, LaTeX."""

import csv
import io
import math
from dataclasses import dataclass

from rdm_pipeline.errors import RdmError

Cell = str | int | float | None

HELD_OUT_NOTE = "held out: no run of this table was trained on this encoder."
PAPER_NOTE = (
    "the paper's number (arXiv 2607.02375) for the row of that name: other images and other "
    "encoders, for orientation only."
)
LATEX_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "†": r"$^\dagger$",
    "—": "---",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}


@dataclass(frozen=True)
class Column:
    """A column's name, whether it is of a held-out encoder or of the paper's numbers, decimals.

    Without `decimals` a number is rounded by its size: see `rounded`.
    """

    name: str
    held_out: bool = False
    paper: bool = False
    decimals: int | None = None


@dataclass(frozen=True)
class Table:
    """A title, a caption, columns and rows of as many cells; the first column names the row.

    None is an empty cell; `paper_note` says what columns of the paper's numbers hold. Raises
    RdmError for a row of another length and for a number that is not finite.
    """

    title: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    paper_note: str = PAPER_NOTE

    def __post_init__(self) -> None:
        """Check the rows."""
        for row in self.rows:
            if len(row) != len(self.columns):
                found, expected = len(row), len(self.columns)
                raise RdmError(f"{self.title}: row {row[:1]} has {found} cells, not {expected}")
            for column, cell in zip(self.columns, row, strict=True):
                if isinstance(cell, float) and not math.isfinite(cell):
                    raise RdmError(f"{self.title}: {row[0]}, {column.name} is {cell}")


def to_csv(table: Table) -> str:
    """Return the table as CSV: bare column names, numbers that read back exactly."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.name for column in table.columns])
    writer.writerows(table.rows)
    return text.getvalue()


def to_markdown(table: Table) -> str:
    """Return the table as a Markdown section: rounded, numbers to the right, marks explained."""
    heads = [_markdown(f"{column.name}{_mark(column)}", column) for column in table.columns]
    rows = [
        [_markdown(cell, column) for cell, column in zip(row, table.columns, strict=True)]
        for row in table.rows
    ]
    rule = [":---"] + ["---:"] * (len(heads) - 1)
    lines = [f"| {' | '.join(row)} |" for row in [heads, rule, *rows]]
    notes = [f"{mark} {note}" for mark, note in _notes(table)]
    return "\n\n".join([f"## {table.title}", table.caption, "\n".join(lines), *notes]) + "\n"


def to_latex(table: Table) -> str:
    """Return the table as a LaTeX `table*` for the packages booktabs and graphicx."""
    notes = [f"{mark} {note}" for mark, note in _notes(table)]
    caption = " ".join([f"{table.title}. {table.caption}", *notes])
    rows = [
        [_latex(cell, column) for cell, column in zip(row, table.columns, strict=True)]
        for row in table.rows
    ]
    heads = [_latex(f"{column.name}{_mark(column)}", column) for column in table.columns]
    gaps = [r"@{\hspace{3em}}r" if column.paper else "r" for column in table.columns[1:]]
    lines = [
        r"\begin{table*}",
        r"\centering",
        rf"\caption{{{_escape(caption)}}}",
        r"\resizebox{\linewidth}{!}{%",
        rf"\begin{{tabular}}{{l{''.join(gaps)}}}",
        r"\toprule",
        f"{' & '.join(heads)} \\\\",
        r"\midrule",
        *[f"{' & '.join(row)} \\\\" for row in rows],
        r"\bottomrule",
        r"\end{tabular}}",
        r"\end{table*}",
    ]
    return "\n".join(lines) + "\n"


def rounded(cell: Cell) -> str:
    """Return a cell as a person reads it: two decimals, two digits below 0.1, a dash for none."""
    if cell is None:
        return "—"
    if not isinstance(cell, float):
        return str(cell)
    return f"{cell:.2g}" if 0 < abs(cell) < 0.1 else f"{cell:.2f}"


def _text(cell: Cell, column: Column) -> str:
    if isinstance(cell, float) and column.decimals is not None:
        return f"{cell:.{column.decimals}f}"
    return rounded(cell)


def _mark(column: Column) -> str:
    return "†" if column.held_out else "*" if column.paper else ""


def _notes(table: Table) -> list[tuple[str, str]]:
    held_out = [("†", HELD_OUT_NOTE)] if any(column.held_out for column in table.columns) else []
    paper = [("*", table.paper_note)] if any(column.paper for column in table.columns) else []
    return held_out + paper


def _markdown(cell: Cell, column: Column) -> str:
    plain = _text(cell, column)
    plain = plain.replace("\\", "\\\\").replace("|", "\\|").replace("*", "\\*").replace("\n", " ")
    return f"*{plain}*" if column.paper else plain


def _latex(cell: Cell, column: Column) -> str:
    text = _escape(_text(cell, column))
    return rf"\textit{{{text}}}" if column.paper else text


def _escape(text: str) -> str:
    return "".join(LATEX_SPECIAL.get(character, character) for character in text)
