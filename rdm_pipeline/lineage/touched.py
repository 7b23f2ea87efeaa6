"""Which printed numbers and pictures a set of artifacts reaches."""

from collections.abc import Iterable

from rdm_pipeline.errors import RdmError
from rdm_pipeline.lineage.cells import Cell, cells_of, inputs_for
from rdm_pipeline.lineage.graph import Graph


def touched(graph: Graph, paths: Iterable[str]) -> list[str]:
    """Return the tables, with the cells in question, and the figures that depend on artifacts."""
    named = set(paths)
    reached = graph.downstream(named)
    results = []
    for path in sorted(reached):
        folder, _, name = graph.short(path).rpartition("/")
        if folder == "figures":
            results.append(f"figures/{name}")
        elif folder == "tables" and (name.endswith(".csv") or path in named):
            results.append(
                f"tables/{name.rpartition('.')[0]} ({_cells(graph, path, named, reached)})"
            )
    return list(dict.fromkeys(results))


def _cells(graph: Graph, path: str, named: set[str], reached: set[str]) -> str:
    """Return the cells of a table that depend on artifacts: rows, with columns if not all."""
    if path in named:
        return "all"
    try:
        cells = cells_of(graph, path)
    except (RdmError, OSError):
        return "cells that cannot be told"
    rows: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell.source.inputs:  # others come from parameters or from the paper
            rows.setdefault(cell.row, []).append(cell)
    hit = {
        row: [cell.column for cell in made if _depends(graph, cell, named, reached)]
        for row, made in rows.items()
    }
    return "; ".join(
        row if len(columns) == len(rows[row]) else f"{row}: {', '.join(columns)}"
        for row, columns in hit.items()
        if columns
    )


def _depends(graph: Graph, cell: Cell, named: set[str], reached: set[str]) -> bool:
    for path in cell.source.inputs:
        if path in named:
            return True
        if path in reached and path in graph.records:
            read = inputs_for(graph.records[path], cell.source.encoders)
            if any(file in reached for files in read.values() for file in files):
                return True
    return False
