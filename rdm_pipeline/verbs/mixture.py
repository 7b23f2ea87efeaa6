"""rdm mixture: what a mixture is made of, and its captions."""

from pathlib import Path

from rdm_pipeline.artifacts import read_json_lines, write_json, write_json_lines
from rdm_pipeline.params.base import Section
from rdm_pipeline.reference.curation import shares


class Params(Section):
    """What mixture reads: the names of its sources."""

    sources: list[str]


def run(params: Params, *, kept: list[Path], captions: Path, manifest: Path) -> None:
    """Write a line per row, its prompt and where it is from, and rows and shares by source.

    `kept` are in the order of the mixture's shards, so that line i is of image i.
    """
    lines = [line for path in kept for line in read_json_lines(path)]
    prompts: dict[str, list[str]] = {source: [] for source in params.sources}
    for line in lines:
        prompts[line["source"]].append(line["prompt"])
    share = shares({source: len(own) for source, own in prompts.items()})
    parts = [
        {"source": name, "rows": len(own), "prompts": len(set(own)), "share": share[name]}
        for name, own in prompts.items()
    ]
    write_json_lines(captions, lines)
    write_json(manifest, {"rows": len(lines), "sources": parts})
