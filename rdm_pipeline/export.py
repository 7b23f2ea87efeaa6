"""A result with its lineage for tools that others keep: rdm export."""

from pathlib import Path

from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import atomic
from rdm_pipeline.lineage.accepted import acceptances
from rdm_pipeline.lineage.audit import trace
from rdm_pipeline.lineage.crate import Source, build_crate
from rdm_pipeline.lineage.graph import load_graph
from rdm_pipeline.lineage.verify import DIRTY, Here, verify
from rdm_pipeline.params.profiles import profile_chain
from rdm_pipeline.targets import find_artifact, results_of


def run_export(target: str, folder: Path, largest: int, profile: str, verbs: frozenset[str]) -> int:
    """Write a Provenance Run RO-Crate of an artifact and all that it was made from."""
    if folder.exists():
        raise RdmError(f"{folder}: is there already, allowed: a new folder")
    graph = load_graph(results_of(profile))
    path = find_artifact(graph, target)
    chain = trace(graph, path, None)
    found = verify(graph, set(chain.inputs), Here(None, acceptances(), verbs))
    if any(finding.kind != DIRTY for finding in found):  # that a crate says itself
        raise RdmError(f"{target}: found differences, allowed: none; see rdm verify {target}")
    crate = build_crate(Source(chain, Path.cwd(), _workflow_files(profile), largest))
    with atomic(folder) as partial:
        crate.write(partial)
    print(f"{folder}: {graph.short(path)} and what it was made from, {len(chain.inputs)} artifacts")
    return 0


def _workflow_files(profile: str) -> list[str]:
    """Return the files that say what is made and how, relative to the project."""
    chain = [f"profiles/{name}.yaml" for name in profile_chain(Path(), profile)]
    names = ["Snakefile", "params.yaml", *chain, "dvc.yaml", "dvc.lock"]
    rules = sorted(str(path) for path in Path("rules").glob("*.smk"))
    return [name for name in [*names, "constraints.txt", *rules] if Path(name).is_file()]
