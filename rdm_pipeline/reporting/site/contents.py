"""What the report is made of, as the verb has read it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rdm_pipeline.errors import RdmError
from rdm_pipeline.lineage.accepted import Acceptance
from rdm_pipeline.lineage.graph import Graph, walk
from rdm_pipeline.params.site import Power

GENERATORS = ("warm_start", "import_generator", "train")


@dataclass(frozen=True)
class Printed:
    """A table as text in two forms."""

    csv: str
    markdown: str


@dataclass(frozen=True)
class Contents:
    """Records, tables by the path of their CSV, pictures by path, and files of JSON by name.

    `histories` and `floors` are by run, `cards` by encoder.
    """

    graph: Graph
    tables: Mapping[str, Printed]
    figures: Mapping[str, bytes]
    histories: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    floors: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    cards: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    power: Power | None = None
    accepted: Sequence[Acceptance] = ()

    @property
    def generators(self) -> dict[str, str]:
        """The weights of each run and warm start, by its name."""
        return {
            self.graph.short(path).split("/")[1]: path
            for path, record in self.graph.records.items()
            if record.verb in GENERATORS and path.endswith("/generator.safetensors")
        }


def upstream(graph: Graph, paths: Iterable[str]) -> Graph:
    """Return what some artifacts depend on, and nothing else of a folder; RdmError without them."""
    paths = list(paths)
    for path in paths:
        if path not in graph.records:
            fault = graph.faults.get(path, "none beside it")
            raise RdmError(f"{path}: no record that can be read: {fault}")
    kept = set(walk(paths, lambda path: _read(graph, path)))
    return replace(
        graph,
        records={path: record for path, record in graph.records.items() if path in kept},
        faults={path: fault for path, fault in graph.faults.items() if path in kept},
    )


def _read(graph: Graph, path: str) -> list[str]:
    if path not in graph.records:
        return []
    record = graph.records[path]
    return [file.path for file in (*record.outputs, *record.files_read)]
