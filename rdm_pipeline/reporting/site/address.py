"""Where each thing has its page, relative to the report's folder; names become harmless paths."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cached_property

from rdm_pipeline.lineage.cells import Source
from rdm_pipeline.lineage.graph import Graph

LONGEST = 80  # characters of a part of a path


def safe(part: str) -> str:
    """Return a name for a file: lower case as it is, anything else spelled out and hashed.

    No two names share a file, not even where the file system ignores case.
    """
    if re.fullmatch(rf"[a-z0-9_][a-z0-9_.-]{{0,{LONGEST}}}", part):
        return part
    plain = re.sub(r"[^a-z0-9_]+", "-", part.lower())[:LONGEST].strip("-")
    return f"{plain}-{_hashed(part)}"


def page_of(kind: str, name: str) -> str:
    """Return the page of a table, a run or an encoder."""
    return f"{kind}/{safe(name)}.html"


def number_page(graph: Graph, source: Source) -> str:
    """Return the page of the numbers that come from the same part of the same inputs."""
    inputs, encoders = source.inputs, sorted(source.encoders or ())
    name = "/".join(map(safe, graph.short(inputs[0]).split("/")))
    if len(inputs) > 1:
        name += f"-and-{len(inputs) - 1}-more-{_hashed(chr(0).join(inputs))}"
    if len(encoders) == 1:
        name += f"/{safe(encoders[0])}"
    elif encoders:
        name += f"/{len(encoders)}-encoders-{_hashed(chr(0).join(encoders))}"
    return f"numbers/{name}.html"


def up(page: str) -> str:
    """Return the way from a page back to the report's folder."""
    return "../" * page.count("/")


class Addresses:
    """Where the artifacts of a graph have their pages: shards on that of the whole."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    @cached_property
    def shards(self) -> Mapping[str, Sequence[str]]:
        """The shards of each artifact that joins some."""
        return {
            path: [file.path for file in record.files_read if file.path in self.graph.records]
            for path, record in self.graph.records.items()
            if record.verb == "gather"
        }

    @cached_property
    def whole(self) -> Mapping[str, str]:
        """What each shard is joined to."""
        return {shard: path for path, shards in self.shards.items() for shard in shards}

    def artifact(self, path: str) -> str | None:
        """Return the page of an artifact, None for one without a readable record."""
        if path not in self.graph.records:
            return None
        if path in self.whole and self.whole[path] not in self.whole:
            return f"{self.artifact(self.whole[path])}#{self.anchor(path)}"
        return "artifacts/" + "/".join(map(safe, self.graph.short(path).split("/"))) + ".html"

    def anchor(self, path: str) -> str:
        """Return what an artifact is called within a page."""
        return f"a-{_hashed(path)}"


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
