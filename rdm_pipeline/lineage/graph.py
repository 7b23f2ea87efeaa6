"""The records of a folder of results as a graph: which artifact was made from which.

Records are read as what a stranger may have sent: nothing in them makes a file outside the folder
be opened, and a faulty one is a sentence, not a traceback.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rdm_pipeline.errors import RdmError
from rdm_pipeline.lineage.fingerprint import combined
from rdm_pipeline.lineage.record import SEAL, SUFFIX, VERSION, sealed
from rdm_pipeline.params.explain import explain

MAX_BYTES = 64 * 2**20
MAX_DEPTH = 50
LONGEST_NAME = 255  # of a file, in Linux's file systems

Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Part(BaseModel):
    """A part of a record; what later versions add is kept."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, allow_inf_nan=False)


class File(Part):
    """A file or folder as a record names it: path from the project's folder, hash and size."""

    path: str
    sha256: Hash
    bytes: Annotated[int, Field(ge=0)]


class Code(Part):
    """The code of a verb when it ran."""

    fingerprint: Hash
    accepted_as: Hash
    modules: dict[str, str]
    commit: str | None
    dirty: bool | None
    source_sha256: Hash

    @model_validator(mode="after")
    def _modules_make_the_fingerprint(self) -> Self:
        if combined(self.modules) != self.fingerprint:
            raise ValueError("fingerprint: is not that of the modules listed")
        return self


class Record(Part):
    """What a verb left behind beside an artifact."""

    record_version: int
    artifact: File
    outputs: list[File]
    inputs: dict[str, list[File]]
    verb: str
    params: dict[str, Any]
    code: Code
    seeds: dict[str, Any]
    versions: dict[str, str | None]
    device: dict[str, Any]
    started: str
    seconds: float
    device_hours: float
    peak_memory_bytes: int

    @property
    def files_read(self) -> list[File]:
        """All inputs, role by role."""
        return [file for files in self.inputs.values() for file in files]


@dataclass(frozen=True)
class Fault:
    """Why a record is not believed: the kind of fault and a sentence."""

    kind: str
    text: str


@dataclass(frozen=True)
class Graph:
    """The artifacts of a folder by their path from the project's folder.

    `prefix` is what the records call the folder; `faults` says what is wrong with the records that
    are not in `records`.
    """

    folder: Path
    prefix: str
    records: Mapping[str, Record]
    faults: Mapping[str, Fault] = field(default_factory=dict)

    def locate(self, path: str) -> Path:
        """Return where an artifact lies on this machine."""
        return self.folder / PurePosixPath(path).relative_to(self.prefix)

    def short(self, path: str) -> str:
        """Return an artifact's path below the folder."""
        return path.removeprefix(f"{self.prefix}/")

    @cached_property
    def readers(self) -> dict[str, list[str]]:
        """The artifacts that were made from each artifact."""
        readers: dict[str, list[str]] = {}
        for path, record in self.records.items():
            for file in record.files_read:
                readers.setdefault(file.path, []).append(path)
        return readers

    def downstream(self, paths: Iterable[str]) -> set[str]:
        """Return artifacts and all that was made from them, in any number of steps."""
        return set(walk(paths, lambda path: self.readers.get(path, [])))


def one_per_job(records: Iterable[Record]) -> list[Record]:
    """Return one record per job: a verb that made several files ran once."""
    made = {tuple(file.path for file in record.outputs): record for record in records}
    return list(made.values())


def walk(start: Iterable[str], following: Any) -> Iterator[str]:
    """Yield `start` and what follows from it, each once, the nearest first."""
    queue = list(dict.fromkeys(start))
    seen = set(queue)
    for path in queue:
        yield path
        new = [one for one in dict.fromkeys(following(path)) if one not in seen]
        seen.update(new)
        queue += new


def load_graph(folder: Path) -> Graph:
    """Read all records below a folder; RdmError if there is none."""
    read: dict[str, Record | Fault] = {}
    for file in sorted(folder.rglob(f"*{SUFFIX}")):
        name = file.relative_to(folder).as_posix().removesuffix(SUFFIX)
        try:
            read[name] = read_record(file, folder)
        except RdmError as error:
            read[name] = Fault("faulty record", str(error))
    if not read:
        raise RdmError(f"{folder}: holds no record (*{SUFFIX}); make results first")
    prefix = _prefix(read, folder)
    paths = {f"{prefix}/{name}": entry for name, entry in read.items()}
    for path, entry in paths.items():
        if isinstance(entry, Record) and (told := _misplaced(path, entry, prefix, folder)):
            paths[path] = Fault("foreign record", told)
    return Graph(
        folder,
        prefix,
        {path: entry for path, entry in paths.items() if isinstance(entry, Record)},
        {path: entry for path, entry in paths.items() if isinstance(entry, Fault)},
    )


def read_record(file: Path, folder: Path) -> Record:
    """Read one record of a folder; RdmError says in one line what is wrong with it."""
    if not _is_below(file, folder) or not file.is_file():
        raise RdmError("the record is no file of this folder")
    if file.stat().st_size > MAX_BYTES:
        raise RdmError(f"the record has {file.stat().st_size} bytes, allowed {MAX_BYTES}")
    data = file.read_bytes()
    try:
        tree = json.loads(data, parse_constant=_no_number)
        as_written = json.dumps(tree, indent=2, sort_keys=True).encode() + b"\n"
    except (ValueError, RecursionError) as error:
        raise RdmError(f"the record is not JSON ({str(error)[:80]})") from None
    if _depth(tree) > MAX_DEPTH:
        raise RdmError(f"the record is nested {_depth(tree)} levels deep, allowed {MAX_DEPTH}")
    if not isinstance(tree, dict) or tree.get("record_version") != VERSION:
        found = tree.get("record_version") if isinstance(tree, dict) else type(tree).__name__
        raise RdmError(f"record_version: found {str(found)[:20]}, allowed: {VERSION}")
    if data != as_written or sealed(tree)[SEAL] != tree.get(SEAL):
        raise RdmError("the record is not as it was written")
    try:
        return Record.model_validate(tree)
    except ValidationError as error:
        raise RdmError(f"the record is faulty: {explain(error, tree)[:200]}") from None


def _prefix(read: Mapping[str, Record | Fault], folder: Path) -> str:
    """Return what most records call the folder; they may have been copied to another place."""
    claims = Counter(
        entry.artifact.path.removesuffix(f"/{name}")
        for name, entry in read.items()
        if isinstance(entry, Record) and entry.artifact.path.endswith(f"/{name}")
    )
    return claims.most_common(1)[0][0] if claims else folder.name


def _misplaced(path: str, record: Record, prefix: str, folder: Path) -> str | None:
    """Return what is wrong with the paths that a record names, if anything is."""
    if record.artifact.path != path:
        return f"the record is of another file, {record.artifact.path}"
    if record.artifact not in record.outputs:
        return "the record does not list its own file as one that was made"
    for file in (*record.outputs, *record.files_read):
        named = PurePosixPath(file.path)
        if named.is_absolute() or ".." in named.parts or not named.is_relative_to(prefix):
            return f"the record names a file outside {prefix}: {file.path}"
        if "\0" in file.path or any(len(part) > LONGEST_NAME for part in named.parts):
            return f"the record names what no file can be called: {file.path[:100]}"
    if not _is_below(folder / PurePosixPath(path).relative_to(prefix), folder):
        return f"it is a link that leads out of {prefix}"
    return None


def _is_below(file: Path, folder: Path) -> bool:
    """Return whether a file lies in a folder when links are followed."""
    try:
        return file.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        return False  # a link to itself, a name no file can have


def _depth(tree: Any) -> int:
    """Return how deeply lists and mappings are nested."""
    depth, level = 0, [tree]
    while level := [node for node in level if isinstance(node, list | dict)]:
        depth += 1
        children = (node.values() if isinstance(node, dict) else node for node in level)
        level = [child for some in children for child in some]
    return depth


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")
