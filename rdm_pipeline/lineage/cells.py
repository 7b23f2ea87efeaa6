"""Which inputs each cell of a table depends on, told from the record of the verb that made it."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rdm_pipeline.errors import RdmError
from rdm_pipeline.lineage.graph import Graph, Record
from rdm_pipeline.lineage.shown import leaves

# Columns that a comparison prints from its parameters, not from scores.
FACTS = frozenset({"batch", "steps", "samples", "seeds"})


@dataclass(frozen=True)
class Source:
    """The inputs that a cell depends on; if given, on scores of a panel by `encoders` only."""

    inputs: Sequence[str]
    encoders: frozenset[str] | None = None


@dataclass(frozen=True)
class Cell:
    """A printed number: its row, its column, its text in the CSV, and what it comes from.

    The second row of a name, as of another detector, is called `NAME (2)`.
    """

    row: str
    column: str
    value: str
    source: Source


def cells_of(graph: Graph, path: str) -> list[Cell]:
    """Return every cell of a table's CSV file; RdmError for what is no such table."""
    header, *rows = _read_csv(graph, path)
    record = graph.records[path]
    sources = SOURCES.get(record.verb, _everything)
    names = _row_names([row[0] for row in rows])
    try:
        return [
            Cell(names[index], column, value, sources(graph, record, index, column))
            for index, row in enumerate(rows)
            for column, value in zip(header[1:], row[1:], strict=True)
        ]
    except (LookupError, TypeError, ValueError):
        raise RdmError(f"{path}: the rows of the table are not those of its record") from None


def find_cell(graph: Graph, path: str, name: str) -> Cell:
    """Return the cell ROW,COLUMN of a table; RdmError lists the rows and columns that there are."""
    cells = cells_of(graph, path)
    for cell in cells:
        if name == f"{cell.row},{cell.column}":
            return cell
    rows = "; ".join(dict.fromkeys(cell.row for cell in cells))
    columns = "; ".join(dict.fromkeys(cell.column for cell in cells))
    raise RdmError(f"--cell: found {name!r}, allowed: ROW,COLUMN of rows {rows}; columns {columns}")


def inputs_for(record: Record, encoders: frozenset[str] | None) -> dict[str, list[str]]:
    """Return the inputs of an artifact by role; of scores of a panel, those of some encoders."""
    roles = {role: [file.path for file in files] for role, files in record.inputs.items()}
    panel = leaves(record.params).get("panel")
    if record.verb != "metrics" or encoders is None or not isinstance(panel, list):
        return roles
    return {
        role: [path for name, path in zip(panel, paths, strict=False) if name in encoders]
        for role, paths in roles.items()
    }


def _read_csv(graph: Graph, path: str) -> list[list[str]]:
    try:
        text = graph.locate(path).read_text("utf-8")
        rows = list(csv.reader(text.splitlines()))
    except (UnicodeDecodeError, csv.Error) as error:
        raise RdmError(f"{path}: not CSV ({error})") from None
    if len(rows) < 2 or any(len(row) != len(rows[0]) for row in rows):
        raise RdmError(f"{path}: not a table of rows of one length")
    return rows


def _row_names(labels: Sequence[str]) -> list[str]:
    seen = [labels[:index].count(label) for index, label in enumerate(labels)]
    return [
        f"{label} ({count + 1})" if count else label
        for label, count in zip(labels, seen, strict=True)
    ]


def _paths(record: Record, role: str) -> list[str]:
    return [file.path for file in record.inputs.get(role, [])]


def _everything(graph: Graph, record: Record, row: int, column: str) -> Source:
    return Source([file.path for file in record.files_read])


def _of_table(graph: Graph, record: Record, row: int, column: str) -> Source:
    if column.startswith("paper"):
        return Source([])
    if column == "judge":
        return Source(_paths(record, "accuracies")[row : row + 1])
    return Source(_paths(record, "metrics")[row : row + 1], _encoders(record, column))


def _encoders(record: Record, column: str) -> frozenset[str]:
    """Return the encoders of the panel that a column is about."""
    panel, held_out = (frozenset(record.params[key]["value"]) for key in ("panel", "held_out"))
    if column in panel:
        return frozenset({column})
    if column.endswith("held-out mean"):
        return held_out
    if column == "training mean":
        return panel - held_out
    if column == "other encoders":
        return panel - {record.params["encoder"]["value"]}
    return panel


def _of_comparison(graph: Graph, record: Record, row: int, column: str) -> Source:
    if column in FACTS:
        return Source([])
    told = record.params["comparison"]["value"]
    scores, baselines = _paths(record, "scores"), len(told["baselines"])
    encoders = _encoders(record, column)
    if row < baselines:
        return Source(scores[row : row + 1], encoders)
    seeds = len(record.params["seeds"]["value"])
    first = baselines + (row - baselines) * seeds
    return Source(scores[first : first + seeds], encoders)


def _of_alone(graph: Graph, record: Record, row: int, column: str) -> Source:
    metrics, beside = _paths(record, "metrics"), len(record.params["beside"]["value"])
    if column == "training score / floor":
        own = [*_paths(record, "histories"), *_paths(record, "floors")]
        return Source([] if row < beside else own)
    read = metrics[row : row + 1] if row < beside else metrics[beside:]
    return Source(read, _encoders(record, column))


def _of_costs(graph: Graph, record: Record, row: int, column: str) -> Source:
    """The rows of a run are what it started from, which cost nothing, its snapshots and its end."""
    if column.startswith("paper") or column == "step":
        return Source([])
    runs, snapshots = record.params["runs"]["value"], record.params["snapshots"]
    steps = [range(len(snapshots[run]["value"]) + 2) for run in runs]
    owner, place = [(owner, at) for owner, places in enumerate(steps) for at in places][row]
    if column in ("images", "device", "device-hours"):
        is_free = place == 0 and column != "device"
        return Source([] if is_free else _paths(record, "costs")[owner : owner + 1])
    return Source(_paths(record, "metrics")[row : row + 1], _encoders(record, column))


def _of_win_rates(graph: Graph, record: Record, row: int, column: str) -> Source:
    """Scores are the run's, then those of its rivals, one a row; further rows are the paper's."""
    own, *rivals = _paths(record, "scores")
    rival = rivals[row : row + 1]
    if column.startswith("paper") or not rival:
        return Source([])
    if column == "score of the other":
        return Source(rival)
    return Source([own] if column.startswith("score of ") else [own, *rival])


def _of_pickscore_table(graph: Graph, record: Record, row: int, column: str) -> Source:
    """Scores are list by list, the rows within; further rows are the paper's."""
    scores, table = _paths(record, "scores"), record.params["table"]["value"]
    own = scores[row : row + 1]
    if column.startswith("paper") or column in ("prompts", "tokens"):
        return Source([])
    if "win rate" not in column or not own:
        return Source(own)
    rival = scores[row - row % len(table["rows"]) + table["rows"].index(table["against"])]
    return Source([] if own == [rival] else [*own, rival])


def _of_geneval_table(graph: Graph, record: Record, row: int, column: str) -> Source:
    """Scores are row by row, the detectors within; PickScores row by row."""
    if column.startswith("paper") or column == "detector":
        return Source([])
    if column == "PickScore":
        place = row // len(record.params["detectors"]["value"])
        return Source(_paths(record, "pickscores")[place : place + 1])
    return Source(_paths(record, "scores")[row : row + 1])


def _of_geneval_seeds(graph: Graph, record: Record, row: int, column: str) -> Source:
    """Scores are label by label, the seeds within."""
    if column in FACTS:
        return Source([])
    rows = record.params["table"]["value"]["rows"]
    counts = [len(rows[label]) for label in record.params["labels"]["value"]]
    first = sum(counts[:row])
    return Source(_paths(record, "scores")[first : first + counts[row]])


def _of_spiral_table(graph: Graph, record: Record, row: int, column: str) -> Source:
    """The first row is of real points, drawn by the verb itself."""
    if row == 0 or column.startswith("paper"):
        return Source([])
    return Source(list(_spiral_cells(graph, record).values())[row - 1])


def _of_spiral_ranking(graph: Graph, record: Record, row: int, column: str) -> Source:
    """A rank depends on all discrepancies of its batch."""
    by_row = [
        batch for batch, count in _ranked_batches(graph, record).items() for _ in range(count)
    ]
    cells = _spiral_cells(graph, record)
    return Source([p for (batch, _), paths in cells.items() if batch == by_row[row] for p in paths])


def _spiral_cells(graph: Graph, record: Record) -> dict[tuple[int, str], list[str]]:
    """Return the scores by batch and discrepancy, in the order in which they were given."""
    cells: dict[tuple[int, str], list[str]] = {}
    for path in _paths(record, "scores"):
        told = leaves(graph.records[path].params)
        cells.setdefault((told["batch"], told["discrepancy"]), []).append(path)
    return cells


def _ranked_batches(graph: Graph, record: Record) -> dict[int, int]:
    """Return how many discrepancies each batch ranks; one alone is not ranked."""
    counts: dict[int, int] = {}
    for batch, _ in _spiral_cells(graph, record):
        counts[batch] = counts.get(batch, 0) + 1
    return {batch: count for batch, count in counts.items() if count > 1}


SOURCES: Mapping[str, Callable[[Graph, Record, int, str], Source]] = {
    "table": _of_table,
    "comparison": _of_comparison,
    "alone": _of_alone,
    "costs": _of_costs,
    "win_rates": _of_win_rates,
    "pickscore_table": _of_pickscore_table,
    "geneval_table": _of_geneval_table,
    "geneval_seeds": _of_geneval_seeds,
    "spiral_table": _of_spiral_table,
    "spiral_ranking": _of_spiral_ranking,
}
