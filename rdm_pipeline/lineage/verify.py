"""Whether files, records, parameters and code still belong together."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rdm_pipeline.files import full_digest, size
from rdm_pipeline.lineage.accepted import Acceptance
from rdm_pipeline.lineage.compare import (
    DIGITS,
    Plan,
    code_changes,
    in_words,
    input_changes,
    parameter_changes,
)
from rdm_pipeline.lineage.fingerprint import fingerprint
from rdm_pipeline.lineage.graph import Graph, Record
from rdm_pipeline.lineage.record import SUFFIX, git_state, record_path

# Files that no verb makes and nothing is made from: DVC's recipes.
UNRECORDED = frozenset({"recipes.json"})
CHECKPOINTS = "checkpoints"  # of a run that is going on
# Kinds of findings that do not speak against a file that is there.
MISSING, DIRTY = "missing file", "dirty tree"
SLACK = 60.0  # seconds after its record within which Snakemake may touch an artifact


@dataclass(frozen=True)
class Finding:
    """What is wrong with an artifact: the kind of fault and a sentence."""

    kind: str
    path: str
    text: str


@dataclass(frozen=True)
class Here:
    """What records are compared with: the plan by artifact, None without one, and acceptances."""

    plans: Mapping[str, Plan] | None
    accepted: Sequence[Acceptance]
    verbs: frozenset[str]


def verify(graph: Graph, only: set[str] | None, here: Here, quick: bool = False) -> list[Finding]:
    """Return all findings about a folder, or about the artifacts `only`.

    `quick` compares sizes and times instead of hashing every byte.
    """
    checks: list[Iterable[Finding]] = [
        _faults(graph),
        _files_without_record(graph, here.plans or {}),
        _bytes(graph, _by_size_and_time if quick else partial(_by_hash, graph), only),
        _siblings(graph),
        _inputs(graph),
        _against(graph, here),
    ]
    found = dict.fromkeys(finding for check in checks for finding in check)
    return [finding for finding in found if only is None or finding.path in only]


# --- files --------------------------------------------------------------------------------------


def _faults(graph: Graph) -> Iterator[Finding]:
    for path, fault in graph.faults.items():
        yield Finding(fault.kind, path, fault.text)


def _files_without_record(graph: Graph, plans: Mapping[str, Plan]) -> Iterator[Finding]:
    """Find files that no record speaks for; those in a folder that is an artifact belong to it."""
    known = graph.records.keys() | graph.faults.keys()
    made = {file.path for record in graph.records.values() for file in record.outputs}
    folders = {graph.locate(path) for path in known if graph.locate(path).is_dir()}
    for file in sorted(graph.folder.rglob("*")):
        below = file.relative_to(graph.folder)
        path = f"{graph.prefix}/{below.as_posix()}"
        if path in known or _is_no_artifact(file, below) or folders & {*file.parents}:
            continue
        if path in made or path in graph.readers or path in plans:
            yield Finding("deleted record", path, "the file is there, its record is gone")
        elif not file.is_dir():
            yield Finding("foreign file", path, "no record speaks of it")


def _is_no_artifact(file: Path, below: Path) -> bool:
    hidden = file.name.startswith(".") or file.name.endswith(SUFFIX)
    return hidden or below.as_posix() in UNRECORDED or CHECKPOINTS in below.parts


Check = Callable[[str, Record, Path], Finding | None]


def _bytes(graph: Graph, check: Check, only: set[str] | None) -> Iterator[Finding]:
    """Compare each artifact with its record, several at a time."""

    def one(path: str) -> Finding | None:
        place = graph.locate(path)
        if not place.exists():
            return Finding(MISSING, path, "its record is there, the file is not")
        return check(path, graph.records[path], place)

    paths = [path for path in graph.records if only is None or path in only]
    with ThreadPoolExecutor() as pool:
        yield from filter(None, pool.map(one, paths))


def _by_hash(graph: Graph, path: str, record: Record, place: Path) -> Finding | None:
    found = full_digest(place)
    if found == record.artifact.sha256:
        return None
    others = [p for p, other in graph.records.items() if other.artifact.sha256 == found]
    if others:
        return Finding("foreign file", path, f"holds the bytes of {graph.short(others[0])}")
    told = record.artifact.sha256[:DIGITS]
    return Finding("edited file", path, f"its hash is {found[:DIGITS]}, the record has {told}")


def _by_size_and_time(path: str, record: Record, place: Path) -> Finding | None:
    if size(place) != record.artifact.bytes:
        told = f"it has {size(place)} bytes, the record has {record.artifact.bytes}"
        return Finding("edited file", path, told)
    late = place.stat().st_mtime - record_path(place).stat().st_mtime
    if late > SLACK:
        return Finding("edited file", path, f"it changed {late:.0f} s after its record was written")
    return None


# --- records among each other -------------------------------------------------------------------


def _siblings(graph: Graph) -> Iterator[Finding]:
    """Compare the records of files that one verb made together: each lists all of them."""
    for path, record in graph.records.items():
        for file in record.outputs:
            other = graph.records.get(file.path)
            if other and other.artifact != file:
                told = f"was made together with {graph.short(path)}, whose record has another hash"
                yield Finding("foreign file", file.path, f"{told}: one of the two is replaced")
            yield from _gone(graph, file.path)


def _inputs(graph: Graph) -> Iterator[Finding]:
    for path, record in graph.records.items():
        for change in input_changes(graph, record, None):
            yield Finding("stale result", path, f"its input {change}")
        for file in record.files_read:
            yield from _gone(graph, file.path)


def _gone(graph: Graph, path: str) -> Iterator[Finding]:
    known = path in graph.records or path in graph.faults
    if not known and not graph.locate(path).exists():
        yield Finding(MISSING, path, "neither file nor record is there")


# --- records and what is here -------------------------------------------------------------------


def _against(graph: Graph, here: Here) -> Iterator[Finding]:
    now = git_state()
    for path, record in graph.records.items():
        if record.verb not in here.verbs:
            yield Finding("foreign record", path, f"made by {record.verb}, which is no verb")
            continue
        yield from _against_plan(graph, path, record, here.plans)
        if changed := code_changes(record, here.accepted):
            yield Finding("changed code", path, f"rdm {record.verb}: {in_words(changed)}")
        committed = now["dirty"] is False and record.code.fingerprint == fingerprint(record.verb)
        if record.code.dirty and not committed:
            told = f"made by files that differed from commit {str(record.code.commit)[:DIGITS]}"
            yield Finding(DIRTY, path, told)


def _against_plan(
    graph: Graph, path: str, record: Record, plans: Mapping[str, Plan] | None
) -> Iterator[Finding]:
    if plans is None:
        return
    if path not in plans:
        yield Finding("foreign file", path, "the workflow neither makes nor needs it now")
        return
    for change in parameter_changes(record, plans[path]):
        yield Finding("changed parameter", path, change)
    own = set(input_changes(graph, record, None))
    for change in input_changes(graph, record, plans[path]):
        if change not in own:
            yield Finding("stale result", path, f"its input {change}")


# --- for a person -------------------------------------------------------------------------------


def grouped(findings: Iterable[Finding]) -> dict[tuple[str, str], list[str]]:
    """Return the paths that share a kind of fault and a sentence."""
    groups: dict[tuple[str, str], list[str]] = {}
    for finding in findings:
        groups.setdefault((finding.kind, finding.text), []).append(finding.path)
    return groups
