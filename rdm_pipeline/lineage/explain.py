"""Why a job would run, in words: what differs between its records and what is planned."""

from collections.abc import Collection, Sequence

from rdm_pipeline.files import full_digest
from rdm_pipeline.lineage.accepted import Acceptance
from rdm_pipeline.lineage.compare import (
    DIGITS,
    Plan,
    code_changes,
    input_changes,
    parameter_changes,
)
from rdm_pipeline.lineage.graph import Graph


def reasons(
    graph: Graph,
    outputs: Sequence[str],
    plan: Plan,
    remade: Collection[str],
    accepted: Sequence[Acceptance],
) -> list[str]:
    """Return why a job that makes `outputs` would run; `remade` are files that run before it."""
    told = [reason for path in outputs for reason in _of_file(graph, path, plan, accepted)]
    again = [graph.short(path) for path in plan.files if path in remade]
    told += [f"input {name}: is made again before" for name in again]
    return list(dict.fromkeys(told)) or _edited_inputs(graph, outputs)


def _edited_inputs(graph: Graph, outputs: Sequence[str]) -> list[str]:
    """Return the inputs whose bytes are not those that were read, whatever their records say."""
    records = (graph.records[path] for path in outputs if path in graph.records)
    read = {file.path: file.sha256 for record in records for file in record.files_read}
    here = {path: full_digest(graph.locate(path)) for path in read if graph.locate(path).exists()}
    return [
        f"input {graph.short(path)}: was read as {read[path][:DIGITS]}, is {sha[:DIGITS]}"
        for path, sha in here.items()
        if sha != read[path]
    ]


def _of_file(graph: Graph, path: str, plan: Plan, accepted: Sequence[Acceptance]) -> list[str]:
    name, there = graph.short(path), graph.locate(path).exists()
    if path not in graph.records:
        if path in graph.faults:
            return [f"{name}: {graph.faults[path].text}"]
        return [f"{name}: is there without a record" if there else f"{name}: never made"]
    record = graph.records[path]
    told = [] if there else [f"{name}: missing"]
    told += [f"parameter {change}" for change in parameter_changes(record, plan)]
    told += [f"input {change}" for change in input_changes(graph, record, plan)]
    return told + [f"code {module}: changed" for module in code_changes(record, accepted)]
