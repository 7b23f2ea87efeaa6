"""rdm sync: what DVC brought is hashed, and Snakemake is told of what verifies, and of no more."""

import subprocess
import sys
from collections.abc import Iterable, Mapping

from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import remove
from rdm_pipeline.lineage.accepted import acceptances
from rdm_pipeline.lineage.compare import Plan
from rdm_pipeline.lineage.graph import Graph, load_graph, walk
from rdm_pipeline.lineage.record import record_path
from rdm_pipeline.lineage.shown import printable
from rdm_pipeline.lineage.verify import DIRTY, MISSING, Finding, Here, verify
from rdm_pipeline.provenance import FOUND, in_lines
from rdm_pipeline.targets import plans, results_of


def run_sync(profile: str, verbs: frozenset[str]) -> int:
    """Pull, verify, remove what does not verify, touch the rest; 1 if something was removed."""
    _run("dvc", "pull", "--allow-missing", "--quiet")
    graph = load_graph(results_of(profile))
    now = plans(graph, profile)
    found = [
        finding
        for finding in verify(graph, None, Here(now, acceptances(), verbs))
        if finding.kind != DIRTY
    ]
    wrong, good = sort_out(graph, now, found)
    for path in sorted(wrong):
        remove(graph.locate(path))
        remove(record_path(graph.locate(path)))
    if good:
        options = ("--touch", "--forceall", "--quiet", "all", "--config", f"profile={profile}")
        _run("snakemake", "-c1", *options, "--", *good)
    against = [finding for finding in found if finding.kind != MISSING]
    for line in in_lines(graph, against):
        print(printable(line))
    print(f"{len(good)} artifacts verified, {len(wrong)} removed: {graph.folder}")
    return FOUND if wrong else 0


def sort_out(
    graph: Graph, now: Mapping[str, Plan], found: Iterable[Finding]
) -> tuple[set[str], list[str]]:
    """Return the files that must go, and those that verified with all that they were made from.

    What a wrong file was made together with, and what was made from it, goes too. A file whose
    inputs were not pulled is left alone.
    """

    def following(path: str) -> list[str]:
        made = [file.path for file in graph.records[path].outputs] if path in graph.records else []
        return [*made, *graph.readers.get(path, [])]

    absent = {finding.path for finding in found if finding.kind == MISSING}
    wrong = set(walk({finding.path for finding in found} - absent, following)) & now.keys()
    doubtful = wrong | set(walk(absent, following))
    good = [path for path in graph.records if path in now and path not in doubtful]
    return {path for path in wrong if graph.locate(path).exists()}, good


def _run(command: str, *arguments: str) -> None:
    """Run a command of this environment; RdmError with the last line that it prints."""
    done = subprocess.run(
        [sys.executable, "-m", command, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        lines = [line for line in done.stdout.splitlines() if line.strip()]
        raise RdmError(f"{command} {arguments[0]}: {lines[-1] if lines else 'failed'}")
