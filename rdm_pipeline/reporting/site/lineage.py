"""The chain behind a number, and all that an artifact's record says, for their pages."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rdm_pipeline.lineage.accepted import Acceptance
from rdm_pipeline.lineage.audit import DIGITS, Chain, code_text, machine_text, trace
from rdm_pipeline.lineage.graph import Graph, Record, one_per_job
from rdm_pipeline.lineage.shown import compact, leaves
from rdm_pipeline.reporting.site.address import Addresses
from rdm_pipeline.reporting.site.tables import Number


@dataclass(frozen=True)
class Link:
    """An artifact by its short name, its page if it has one, and what is wrong with it."""

    name: str
    page: str | None
    fault: str = ""


@dataclass(frozen=True)
class Entry:
    """A line of a chain: an artifact `depth` steps from the number, or one named before.

    `shards` are those on the chain of a joined artifact; `read_alone` if it is not itself read.
    """

    depth: int
    link: Link
    anchor: str
    record: Record | None
    repeated: bool
    shards: int
    read_alone: bool
    code: str
    machine: str


class Shared:
    """Short names of what many records share: code 1, 2, ... and machine 1, 2, ..."""

    def __init__(self) -> None:
        self.codes: dict[str, str] = {}
        self.machines: dict[str, str] = {}

    def code(self, record: Record) -> str:
        """Return the short name of the code that made an artifact."""
        return self.codes.setdefault(code_text(record), f"code {len(self.codes) + 1}")

    def machine(self, record: Record) -> str:
        """Return the short name of the machine that made an artifact."""
        return self.machines.setdefault(machine_text(record), f"machine {len(self.machines) + 1}")


@dataclass(frozen=True)
class Story:
    """A number's chain and what its records share."""

    entries: Sequence[Entry]
    records: Sequence[Record]
    codes: Mapping[str, str]
    machines: Mapping[str, str]
    seeds: Mapping[str, Any]

    @property
    def device_hours(self) -> float:
        """Device-hours of all jobs on the chain."""
        return sum(record.device_hours for record in one_per_job(self.records))

    @property
    def bytes(self) -> int:
        """Bytes of all artifacts on the chain."""
        return sum(record.artifact.bytes for record in self.records)


def story(graph: Graph, addresses: Addresses, number: Number) -> Story:
    """Return the chain from the inputs of a number back to the raw files."""
    target, cell = number.printed[0]
    chain = trace(graph, target, cell)
    behind = {path: record for path, record in chain.records.items() if path != target}
    shared = Shared()
    return Story(
        entries=list(_entries(chain, number.source.inputs, addresses, shared)),
        records=list(behind.values()),
        codes=shared.codes,
        machines=shared.machines,
        seeds=dict(sorted((k, v) for record in behind.values() for k, v in record.seeds.items())),
    )


def parameters(record: Record) -> list[tuple[str, str]]:
    """Return what a verb was given, as text by its key in params.yaml, else by its role."""
    return [(key, compact(value)) for key, value in leaves(record.params).items()]


def in_force(accepted: Iterable[Acceptance], records: Iterable[Record]) -> list[Acceptance]:
    """Return the accepted changes of code that some records were made before or after."""
    codes = {(record.verb, record.code.fingerprint) for record in records}
    return [
        entry for entry in accepted if codes & {(entry.verb, entry.old), (entry.verb, entry.new)}
    ]


def link_to(graph: Graph, addresses: Addresses, path: str, read: Collection[str] = ()) -> Link:
    """Return a link to an artifact; it tells if a hash that was `read` is not that of now."""
    name, page = graph.short(path), addresses.artifact(path)
    if path not in graph.records:
        return Link(name, page, f"no record: {graph.faults.get(path, 'none beside it')}")
    here = graph.records[path].artifact.sha256
    if any(sha256 != here for sha256 in read):
        return Link(name, page, f"is now {here[:DIGITS]}, not the one that was read")
    return Link(name, page)


def _entries(
    chain: Chain, start: Sequence[str], addresses: Addresses, shared: "Shared"
) -> Iterator[Entry]:
    """Yield the artifacts as `rdm audit` prints them, each whole in place of its shards."""
    seen: set[str] = set()
    ahead = [(path, 0) for path in reversed(start)]
    while ahead:
        path, depth = ahead.pop()
        shards = [p for p in addresses.shards.get(path, []) if p in chain.inputs]
        made = chain.graph.records.get(path)
        yield Entry(
            depth=depth,
            link=link_to(chain.graph, addresses, path, chain.read_as.get(path, ())),
            anchor=addresses.anchor(path),
            record=made,
            repeated=path in seen,
            shards=len(shards),
            read_alone=path not in chain.inputs,
            code=shared.code(made) if made else "",
            machine=shared.machine(made) if made else "",
        )
        if path not in seen:
            seen.add(path)
            files = _made_of(chain, shards or [path], addresses)
            ahead += [(file, depth + 1) for file in reversed(files)]


def _made_of(chain: Chain, paths: Sequence[str], addresses: Addresses) -> list[str]:
    """Return the inputs of an artifact or of some shards; a shard is told with the whole."""
    files = (f for path in paths for files in chain.inputs[path].values() for f in files)
    return list(dict.fromkeys(addresses.whole.get(file, file) for file in files))
