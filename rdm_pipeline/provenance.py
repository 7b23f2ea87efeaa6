"""What a person asks of the records: rdm audit, verify, explain, accept."""

import getpass
import sys
from collections.abc import Sequence
from pathlib import Path

from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import sha256
from rdm_pipeline.lineage.accepted import (
    FILE,
    Acceptance,
    accept,
    acceptances,
    accepted_fingerprint,
)
from rdm_pipeline.lineage.audit import acceptance, as_dot, as_json, as_tree, trace
from rdm_pipeline.lineage.cells import find_cell
from rdm_pipeline.lineage.compare import DIGITS, changed_modules
from rdm_pipeline.lineage.explain import reasons
from rdm_pipeline.lineage.fingerprint import fingerprint, module_hashes
from rdm_pipeline.lineage.graph import Graph, load_graph
from rdm_pipeline.lineage.record import run_git
from rdm_pipeline.lineage.shown import few, printable, size
from rdm_pipeline.lineage.touched import touched
from rdm_pipeline.lineage.verify import Finding, Here, grouped, verify
from rdm_pipeline.recipes import planned_jobs
from rdm_pipeline.targets import find_artifact, plan_of, plans, results_of, snakemake_name

FOUND = 1


def run_audit(target: str, cell: str | None, form: str, profile: str, results: Path | None) -> int:
    """Print the chain from a number, a table or a picture back to the raw files."""
    graph = load_graph(results or results_of(profile))
    path = find_artifact(graph, target)
    found = None
    if cell is not None:
        path = str(Path(path).with_suffix(".csv"))
        if path not in graph.records:
            raise RdmError(f"{target}: no record of cells; --cell is for tables")
        found = find_cell(graph, path, cell)
    forms = {"tree": as_tree, "json": as_json, "dot": as_dot}
    print(forms[form](trace(graph, path, found, acceptances())))
    return _warn_of_edit(graph, path) if found else 0


def run_verify(
    target: str | None, quick: bool, profile: str, results: Path | None, verbs: frozenset[str]
) -> int:
    """Check files, records, parameters and code against each other; 1 if something differs."""
    graph = load_graph(results or results_of(profile))
    only = None if target is None else _behind(graph, find_artifact(graph, target))
    here = Here(None if results else plans(graph, profile), acceptances(), verbs)
    found = verify(graph, only, here, quick)
    lines = [*in_lines(graph, found), *_verdict(graph, only, found, here, quick)]
    print("\n".join(map(printable, lines)))
    return FOUND if found else 0


def run_explain(target: str, profile: str) -> int:
    """Say of each job that Snakemake would run for a target why it would."""
    folder = results_of(profile)
    try:
        graph = load_graph(folder)
    except RdmError:
        graph = Graph(folder, folder.as_posix(), {})
    name = snakemake_name(graph, target)
    jobs = planned_jobs(Path.cwd(), "--config", f"profile={profile}", "--", name)
    remade: set[str] = set()
    changed: set[str] = set()
    for job in jobs:
        told = reasons(graph, job.outputs, plan_of(job), remade, acceptances())
        print(f"{job.rule}: {few([graph.short(path) for path in job.outputs])}")
        for reason in told or [f"Snakemake says: {job.reason}"]:
            print(printable(f"  {reason}"))
        remade.update(job.outputs)
        changed.update({job.verb} if any(reason.startswith("code ") for reason in told) else ())
    print(f"{len(jobs)} jobs would run" if jobs else "nothing would run")
    if changed:
        verbs = " ".join(sorted(changed))
        print(f"if the code makes what it made before: rdm accept {verbs} --reason TEXT")
    return 0


def run_accept(verbs: Sequence[str], reason: str, profile: str) -> int:
    """Declare that the code of verbs as it is now makes what is there already."""
    graph = load_graph(results_of(profile))
    for verb in verbs:
        print(printable(acceptance(_accept(graph, verb, reason))))
    print(f"written to {FILE.name}: commit it")
    return 0


# --- what is printed ----------------------------------------------------------------------------


def in_lines(graph: Graph, found: Sequence[Finding]) -> list[str]:
    """Return findings for a person, with the figures, tables, rows and columns that they touch."""
    lines: list[str] = []
    for (kind, text), paths in grouped(found).items():
        reached = f"    touches {'; '.join(touched(graph, paths)) or 'no table and no figure'}"
        if lines and lines[-1] == reached:
            lines.pop()  # said once, below the last finding of which it is true
        lines += [f"{kind}: {few([graph.short(path) for path in paths])}: {text}", reached]
    return lines


def _behind(graph: Graph, path: str) -> set[str]:
    """Return an artifact, those that were made together with it, and all that it comes from."""
    record = graph.records.get(path)
    siblings = {file.path for file in record.outputs} if record else set()
    return {*trace(graph, path, None).inputs, *siblings}


def _warn_of_edit(graph: Graph, path: str) -> int:
    """Say so and return 1 if the file that a number was read from is not the one recorded."""
    if sha256(graph.locate(path)) == graph.records[path].artifact.sha256:
        return 0
    print(f"rdm: {path}: edited since its record was written; see rdm verify", file=sys.stderr)
    return FOUND


def _verdict(
    graph: Graph, only: set[str] | None, found: Sequence[Finding], here: Here, quick: bool
) -> list[str]:
    records = [r for path, r in graph.records.items() if only is None or path in only]
    codes = {(r.verb, r.code.fingerprint) for r in records}
    used = [a for a in here.accepted if codes & {(a.verb, a.old), (a.verb, a.new)}]
    total = size(sum(record.artifact.bytes for record in records))
    how = "compared by size and time" if quick else "hashed again"
    count = f"{len(found)} finding{'s' * (len(found) > 1)}" if found else "no finding"
    lines = [acceptance(entry) for entry in used]
    if here.plans is None:
        lines.append("parameters and inputs were not compared with a workflow: --results")
    return [*lines, f"{len(records)} artifacts, {total}, {how}: {count}"]


# --- accepting ----------------------------------------------------------------------------------


def _accept(graph: Graph, verb: str, reason: str) -> Acceptance:
    """Write an acceptance for one verb; RdmError unless one other code made all its results."""
    shown = accepted_fingerprint(verb)
    records = {r.code.accepted_as: r for r in graph.records.values() if r.verb == verb}
    if not records.keys() - {shown}:
        raise RdmError(f"{verb}: found no result of other code, so there is nothing to accept")
    if len(records) > 1:
        codes = ", ".join(code[:DIGITS] for code in records)
        raise RdmError(f"{verb}: found results of codes {codes}, allowed: of one; make some again")
    if shown != fingerprint(verb):
        raise RdmError(f"{verb}: found the code here accepted already, for others: {FILE.name}")
    ((old, record),) = records.items()
    modules = changed_modules(record.code.modules, module_hashes(verb))
    who = (run_git("config", "user.name") or getpass.getuser()).strip()
    return accept(verb, old, modules, reason, who)
