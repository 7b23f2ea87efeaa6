"""rdm pool: the prompts that a run draws from, lists of them repeated."""

from pathlib import Path

from rdm_pipeline.artifacts import write_json, write_json_lines
from rdm_pipeline.loading.texts import load_prompts
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.pairs import Pool, PromptList
from rdm_pipeline.reference.curation import shares


class Params(Section):
    """What pool reads: its lists in order, and how often each is in it."""

    lists: list[PromptList]
    repeats: Pool


def run(params: Params, *, lists: list[Path], captions: Path, manifest: Path) -> None:
    """Write a line per prompt, list after list, each repeated as asked for, and their shares."""
    rows = {
        name: load_prompts(path) * params.repeats[name]
        for name, path in zip(params.lists, lists, strict=True)
    }
    share = shares({name: len(prompts) for name, prompts in rows.items()})
    parts = [
        {"list": n, "rows": len(p), "repeats": params.repeats[n], "share": share[n]}
        for n, p in rows.items()
    ]
    drawn = [{"prompt": prompt, "list": name} for name in rows for prompt in rows[name]]
    write_json_lines(captions, drawn)
    write_json(manifest, {"rows": len(drawn), "lists": parts})
