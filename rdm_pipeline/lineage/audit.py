"""The chain from a printed number, a table or a picture back to the raw files."""

import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from rdm_pipeline.lineage.accepted import Acceptance
from rdm_pipeline.lineage.cells import Cell, inputs_for
from rdm_pipeline.lineage.graph import Graph, Record, one_per_job, walk
from rdm_pipeline.lineage.shown import compact, few, leaves, printable, size

WIDTH = 110
LONG = 40  # characters of a parameter that is printed once
DIGITS = 16  # of a hash, as a person sees it; JSON has all 64


@dataclass(frozen=True)
class Chain:
    """What a number depends on: inputs by artifact and role; a cell narrows them."""

    graph: Graph
    target: str
    cell: Cell | None
    inputs: Mapping[str, Mapping[str, list[str]]]
    accepted: Sequence[Acceptance] = field(default_factory=list)

    @cached_property
    def records(self) -> dict[str, Record]:
        """The records on the chain; an artifact without a readable one has none."""
        return {
            path: self.graph.records[path] for path in self.inputs if path in self.graph.records
        }

    @cached_property
    def read_as(self) -> dict[str, set[str]]:
        """The hashes that each artifact had when something on the chain was made from it."""
        hashes: dict[str, set[str]] = {}
        for record in self.records.values():
            for file in record.files_read:
                hashes.setdefault(file.path, set()).add(file.sha256)
        return hashes


def trace(
    graph: Graph, target: str, cell: Cell | None, accepted: Sequence[Acceptance] = ()
) -> Chain:
    """Follow an artifact, or one cell of it, back through all inputs."""
    inputs: dict[str, dict[str, list[str]]] = {}

    def following(path: str) -> list[str]:
        inputs[path] = _inputs(graph, target, cell, path)
        return [file for files in inputs[path].values() for file in files]

    for _ in walk([target], following):
        pass
    return Chain(graph, target, cell, inputs, accepted)


def as_json(chain: Chain) -> str:
    """Return the records of a chain, with the inputs that count, as JSON."""
    tree = {
        "target": chain.target,
        "cell": chain.cell
        and {"row": chain.cell.row, "column": chain.cell.column, "value": chain.cell.value},
        "inputs": chain.inputs,
        "records": {path: record.model_dump() for path, record in chain.records.items()},
        "accepted": [entry.model_dump() for entry in chain.accepted],
    }
    return json.dumps(tree, indent=2, sort_keys=True)


def as_dot(chain: Chain) -> str:
    """Return a chain as a Graphviz graph, raw files at the top."""
    lines = ["digraph lineage {", '  node [shape=box, fontname="monospace"];']
    for path in chain.inputs:
        record = chain.records.get(path)
        about = f"\n{record.verb} {record.artifact.sha256[:DIGITS]}" if record else "\nno record"
        lines.append(f"  {_quoted(path)} [label={_quoted(chain.graph.short(path) + about)}];")
    for path, roles in chain.inputs.items():
        for role, files in roles.items():
            lines += [f"  {_quoted(f)} -> {_quoted(path)} [label={_quoted(role)}];" for f in files]
    return "\n".join([*lines, "}"])


def as_tree(chain: Chain) -> str:
    """Return a chain as a tree for a person; what occurs twice is printed once."""
    letters = _letters(chain)
    lines = [*_head(chain, letters), ""]
    seen: set[str] = set()
    told: set[str] = set()
    ahead = [(chain.target, "", "", "")]
    while ahead:
        path, before, branch, below = ahead.pop()
        lines.append(before + branch + _name(chain, path) + (" (above)" if path in seen else ""))
        if path in seen:
            continue
        seen.add(path)
        inputs = [file for files in chain.inputs[path].values() for file in files]
        stem = before + below + ("│ " if inputs else "  ")
        lines += [stem + line for line in _about(chain, path, letters, told, len(stem))]
        children = [(file, before + below, "├─", "│ ") for file in inputs[:-1]]
        children += [(file, before + below, "└─", "  ") for file in inputs[-1:]]
        ahead += reversed(children)
    return "\n".join(map(printable, lines))


def _inputs(graph: Graph, target: str, cell: Cell | None, path: str) -> dict[str, list[str]]:
    """Return the inputs of an artifact on the way to a cell, by role."""
    if path not in graph.records:
        return {}
    roles = inputs_for(graph.records[path], cell.source.encoders if cell else None)
    if cell is None or path != target:
        return roles
    kept = {role: [p for p in paths if p in cell.source.inputs] for role, paths in roles.items()}
    return {role: paths for role, paths in kept.items() if paths}


Letters = dict[str, dict[str, str]]


def _letters(chain: Chain) -> Letters:
    """Name what many records share: the package's code 1, 2, ..., the machines A, B, ..."""
    codes: dict[str, str] = {}
    machines: dict[str, str] = {}
    for record in chain.records.values():
        codes.setdefault(code_text(record), str(len(codes) + 1))
        machines.setdefault(machine_text(record), chr(ord("A") + len(machines) % 26))
    return {"code": codes, "machine": machines}


def code_text(record: Record) -> str:
    """Return which code of the package made an artifact."""
    code = record.code
    state = {True: " with uncommitted changes", False: "", None: ""}[code.dirty]
    return f"commit {code.commit or 'unknown'}{state}, package {code.source_sha256[:DIGITS]}"


def machine_text(record: Record) -> str:
    """Return where an artifact was made and with which versions."""
    device = ", ".join(f"{k} {v}" for k, v in record.device.items() if v is not None)
    versions = ", ".join(f"{k} {v}" for k, v in record.versions.items() if v is not None)
    return f"{device}; {versions}"


def _head(chain: Chain, letters: Letters) -> list[str]:
    records, cell = chain.records.values(), chain.cell
    title = chain.graph.short(chain.target)
    if cell:
        title += f": {cell.row}, {cell.column} = {cell.value or 'empty'}"
    hours = sum(job.device_hours for job in one_per_job(records))
    total = size(sum(record.artifact.bytes for record in records))
    lines = [title, f"{len(chain.inputs)} artifacts, {total}, {hours:.4g} device-hours"]
    for text, name in letters["code"].items():
        lines += _wrapped(f"code {name}: {text}", 0)
    for text, name in letters["machine"].items():
        lines += _wrapped(f"machine {name}: {text}", 0)
    seeds = {key: seed for record in records for key, seed in record.seeds.items()}
    named = ", ".join(f"{key} {seed}" for key, seed in sorted(seeds.items()))
    lines += _wrapped(f"seeds: {named or 'none'}", 0)
    codes = {(record.verb, record.code.fingerprint) for record in records}
    for entry in chain.accepted:
        if codes & {(entry.verb, entry.old), (entry.verb, entry.new)}:
            lines += _wrapped(acceptance(entry), 0)
    return lines


def acceptance(entry: Acceptance) -> str:
    """Return one line about an accepted change of code."""
    return (
        f"accepted: {entry.verb} made by code {entry.old[:DIGITS]} stands for {entry.new[:DIGITS]} "
        f"({', '.join(entry.modules)}): {entry.reason} ({entry.who}, {entry.date})"
    )


def _name(chain: Chain, path: str) -> str:
    name = chain.graph.short(path)
    if path not in chain.records:
        fault = chain.graph.faults.get(path)
        return f"{name}  (no record: {fault.text if fault else 'none beside it'})"
    artifact = chain.records[path].artifact
    as_read = chain.read_as.get(path, set()) <= {artifact.sha256}
    other = "" if as_read else "  (NOT the one that was read: see rdm verify)"
    return f"{name}  {artifact.sha256[:DIGITS]}  {size(artifact.bytes)}{other}"


def _about(chain: Chain, path: str, letters: Letters, told: set[str], indent: int) -> list[str]:
    if path not in chain.records:
        return []
    record = chain.records[path]
    code = record.code
    stands = "" if code.accepted_as == code.fingerprint else f" for {code.accepted_as[:DIGITS]}"
    made_by, machine = letters["code"][code_text(record)], letters["machine"][machine_text(record)]
    facts = [
        f"rdm {record.verb} {code.fingerprint[:DIGITS]}{stands}",
        f"code {made_by}, machine {machine}",
        record.started,
        f"{record.seconds:.3g} s",
        f"{record.device_hours:.3g} device-hours",
        f"{size(record.peak_memory_bytes)} of memory",
    ]
    params = _parameters(record, told)
    lines = _wrapped(" · ".join(facts), indent) + _wrapped("; ".join(params), indent)
    return lines if record.files_read else lines + _wrapped(_files_in(chain.graph, path), indent)


def _parameters(record: Record, told: set[str]) -> list[str]:
    """Return parameters with their keys; long ones that have been `told` by the key alone."""
    texts = {key: f"{key} = {compact(value)}" for key, value in leaves(record.params).items()}
    again = {key for key, text in texts.items() if text in told and len(text) > LONG}
    told.update(texts.values())
    return [f"{key} (above)" if key in again else text for key, text in texts.items()]


def _files_in(graph: Graph, path: str) -> str:
    """Return the names and sizes of the files in a folder of raw data, if it is here."""
    below = (file for file in sorted(graph.locate(path).rglob("*")) if file.is_file())
    shown = [file for file in below if not file.name.startswith(".")]
    files = [f"{file.name} {size(file.stat().st_size)}" for file in shown]
    return f"holds {few(files, 8)}" if files else ""


def _wrapped(text: str, indent: int) -> list[str]:
    width = max(40, WIDTH - indent)
    return textwrap.wrap(
        text, width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )


def _quoted(text: str) -> str:
    return json.dumps(printable(text).replace("\\n", "\n"), ensure_ascii=False)
