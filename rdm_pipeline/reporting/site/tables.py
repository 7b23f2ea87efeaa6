"""Tables as the report shows them: each number with its exact text and where it comes from."""

import csv
import io
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from rdm_pipeline.errors import RdmError
from rdm_pipeline.lineage.cells import Cell, Source, cells_of
from rdm_pipeline.lineage.graph import Graph
from rdm_pipeline.lineage.shown import leaves
from rdm_pipeline.reporting.site.address import Addresses, number_page, page_of, safe
from rdm_pipeline.reporting.site.contents import Printed
from rdm_pipeline.reporting.tables import rounded


@dataclass(frozen=True)
class ShownCell:
    """A number as it is printed, as it is in the CSV, and the page that tells its lineage."""

    text: str
    exact: str
    link: str | None


@dataclass(frozen=True)
class ShownColumn:
    """A column's name, whether it is of one encoder, of held-out ones, of the paper's numbers."""

    name: str
    single: bool
    held_out: bool
    paper: bool


@dataclass(frozen=True)
class ShownRow:
    """A row: its label, the runs whose scores it prints, its cells."""

    label: str
    runs: frozenset[str]
    cells: Sequence[ShownCell]


@dataclass(frozen=True)
class ShownTable:
    """A table, where its page and its CSV lie, and what stands around it."""

    path: str
    name: str
    page: str
    file: str
    title: str
    caption: str
    notes: Sequence[str]
    head: str
    columns: Sequence[ShownColumn]
    rows: Sequence[ShownRow]

    def rows_of(self, run: str) -> "ShownTable":
        """Return the table with the rows of one run alone."""
        return replace(self, rows=[row for row in self.rows if run in row.runs])

    def columns_of(self, encoder: str) -> "ShownTable":
        """Return the table with the columns of one encoder alone."""
        return self._cut([column.name == encoder for column in self.columns])

    @property
    def summary(self) -> "ShownTable":
        """The table without the columns of single encoders."""
        return self._cut([not column.single for column in self.columns])

    def _cut(self, keep: Sequence[bool]) -> "ShownTable":
        kept = [i for i, wanted in enumerate(keep) if wanted]
        return replace(
            self,
            columns=[self.columns[i] for i in kept],
            rows=[replace(row, cells=[row.cells[i] for i in kept]) for row in self.rows],
        )


@dataclass(frozen=True)
class Number:
    """What all numbers of one page come from, and where they are printed."""

    page: str
    source: Source
    printed: Sequence[tuple[str, Cell]]


def shown_table(
    graph: Graph, addresses: Addresses, path: str, printed: Printed, runs: Collection[str]
) -> ShownTable:
    """Return a table from its CSV file and its Markdown; RdmError if they are no such files."""
    cells = cells_of(graph, path)
    record, name = graph.records[path], PurePosixPath(path).stem
    held_out = leaves(record.params).get("held_out", [])
    title, caption, notes = _around(path, printed.markdown)
    head, *names = next(csv.reader(io.StringIO(printed.csv)))
    width = len(names)
    rows = [cells[start : start + width] for start in range(0, len(cells), width)]
    own_page = addresses.artifact(path)
    return ShownTable(
        path=path,
        name=name,
        page=page_of("tables", name),
        file=f"tables/{safe(name)}.csv",
        title=title,
        caption=caption,
        notes=notes,
        head=head,
        columns=[_column(cell, held_out) for cell in rows[0]],
        rows=[
            ShownRow(
                row[0].row,
                frozenset(PurePosixPath(p).stem for c in row for p in c.source.inputs) & {*runs},
                [_shown(graph, cell, own_page) for cell in row],
            )
            for row in rows
        ],
    )


def numbers_of(graph: Graph, tables: Sequence[ShownTable]) -> list[Number]:
    """Return every page of numbers that the tables link to."""
    found: dict[str, Number] = {}
    for table in tables:
        for cell in cells_of(graph, table.path):
            if cell.source.inputs and cell.value:
                page = number_page(graph, cell.source)
                known = found.get(page, Number(page, cell.source, []))
                found[page] = replace(known, printed=[*known.printed, (table.path, cell)])
    return list(found.values())


def _around(path: str, markdown: str) -> tuple[str, str, list[str]]:
    """Return title, caption and notes of a table from its Markdown."""
    parts = markdown.strip().split("\n\n")
    if len(parts) < 3 or not parts[0].startswith("## "):
        raise RdmError(f"{path}: its Markdown file is no table of this project")
    title, caption, _, *notes = parts
    return title.removeprefix("## "), caption, notes


def _column(cell: Cell, held_out: Sequence[str]) -> ShownColumn:
    name = cell.column
    return ShownColumn(
        name=name,
        single=name in (cell.source.encoders or ()),
        held_out=name in held_out or name == "held-out mean",
        paper=name.startswith("paper"),
    )


def _shown(graph: Graph, cell: Cell, own_page: str | None) -> ShownCell:
    """A number that comes from no file (the paper's, a parameter) links to the table's own page."""
    link = own_page
    if cell.source.inputs:
        link = number_page(graph, cell.source)
    return ShownCell(as_printed(cell.value), cell.value, link if cell.value else None)


def as_printed(text: str) -> str:
    """Return the text of a CSV's cell as a person reads it: numbers with a point are rounded."""
    if not text:
        return rounded(None)
    return rounded(float(text)) if re.fullmatch(r"-?\d+(\.\d+(e-?\d+)?|e-?\d+)", text) else text
