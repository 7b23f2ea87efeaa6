"""What a person asks of the records: rdm audit, verify, explain, accept."""

import getpass
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from rdm_pipeline.errors import RdmError
from rdm_pipeline.lineage.accepted import (
    FILE,
    Acceptance,
    accept,
    acceptances,
    accepted_fingerprint,
)
from rdm_pipeline.lineage.audit import acceptance, as_dot, as_json, as_tree, trace
from rdm_pipeline.lineage.cells import find_cell
from rdm_pipeline.lineage.compare import DIGITS, Plan, changed_modules
from rdm_pipeline.lineage.explain import reasons
from rdm_pipeline.lineage.fingerprint import fingerprint, module_hashes
from rdm_pipeline.lineage.graph import Graph, load_graph
from rdm_pipeline.lineage.record import run_git
from rdm_pipeline.lineage.shown import few, printable, size
from rdm_pipeline.lineage.touched import touched
from rdm_pipeline.lineage.verify import Finding, Here, grouped, verify
from rdm_pipeline.params.project import load_tree
from rdm_pipeline.recipes import Job, picked, planned_jobs

FOUND = 1
STEMS = {"tables": ".csv", "figures": ".png"}
ENDINGS = ("", ".csv", ".png", ".json", ".h5", ".safetensors")


def run_audit(target: str, cell: str | None, form: str, profile: str, results: Path | None) -> int:
    """Print the chain from a number, a table or a picture back to the raw files."""
    graph = load_graph(results or _results(profile))
    path = _artifact(graph, target)
    found = None
    if cell is not None:
        path = str(Path(path).with_suffix(".csv"))
        if path not in graph.records:
            raise RdmError(f"{target}: has no cells; --cell is for tables")
        found = find_cell(graph, path, cell)
    forms = {"tree": as_tree, "json": as_json, "dot": as_dot}
    print(forms[form](trace(graph, path, found, acceptances())))
    return 0


def run_verify(
    target: str | None, quick: bool, profile: str, results: Path | None, verbs: frozenset[str]
) -> int:
    """Check files, records, parameters and code against each other; 1 if something differs."""
    graph = load_graph(results or _results(profile))
    only = None
    if target is not None:
        only = set(trace(graph, _artifact(graph, target), None).inputs)
    plans = None if results else _plans(graph, profile)
    accepted = acceptances()
    found = verify(graph, only, Here(plans, accepted, verbs), quick)
    lines = [*_report(graph, found), *_verdict(graph, only, found, quick, plans, accepted)]
    print("\n".join(map(printable, lines)))
    return FOUND if found else 0


def run_explain(target: str, profile: str) -> int:
    """Say of each job that Snakemake would run for a target why it would."""
    folder = _results(profile)
    try:
        graph = load_graph(folder)
    except RdmError:
        graph = Graph(folder, folder.as_posix(), {})
    options = ["--config", f"profile={profile}", "--", _snakemake_target(graph, target)]
    jobs = planned_jobs(Path.cwd(), *options)
    remade: set[str] = set()
    for job in jobs:
        plan = Plan(picked(job), job.inputs)
        told = reasons(graph, job.outputs, plan, remade, acceptances())
        print(f"{job.rule}: {few([graph.short(path) for path in job.outputs])}")
        for reason in told or [f"Snakemake says: {job.reason}"]:
            print(printable(f"  {reason}"))
        remade.update(job.outputs)
    print(f"{len(jobs)} jobs would run" if jobs else "nothing would run")
    return 0


def run_accept(verbs: Sequence[str], reason: str, profile: str) -> int:
    """Declare that the code of verbs as it is now makes what is there already."""
    graph = load_graph(_results(profile))
    for verb in verbs:
        print(printable(acceptance(_accept(graph, verb, reason))))
    print(f"written to {FILE.name}: commit it")
    return 0


# --- where things are ---------------------------------------------------------------------------


def _results(profile: str) -> Path:
    return Path(load_tree(Path.cwd(), profile)["results"])


def _artifact(graph: Graph, target: str) -> str:
    """Return the artifact that a person means: its path, or that below the results, or its stem."""
    below = target.removeprefix(f"{graph.folder.as_posix()}/").removeprefix(f"{graph.prefix}/")
    for ending in ENDINGS:
        path = f"{graph.prefix}/{below}{ending}"
        if path in graph.records or path in graph.faults:
            return path
    names = [graph.short(path) for path in graph.records]
    ends = [n.rpartition(".")[0] for n in names if re.match(r"tables/.*\.csv|figures/", n)]
    allowed = ", ".join(ends or names[:20])
    raise RdmError(f"{target}: no record of it in {graph.folder}, allowed: {allowed}")


def _snakemake_target(graph: Graph, target: str) -> str:
    """Return a rule's name as it is, and the file that a path or a stem stands for."""
    if "/" not in target:
        return target
    below = target.removeprefix(f"{graph.folder.as_posix()}/")
    ending = "" if Path(below).suffix else STEMS.get(below.partition("/")[0], "")
    try:
        return _artifact(graph, below)
    except RdmError:
        return f"{graph.folder.as_posix()}/{below}{ending}"


def _plans(graph: Graph, profile: str) -> dict[str, Plan]:
    """Return what the workflow would make each artifact from, if it would make it."""
    ends = [path for path in graph.records if path not in graph.readers]
    options = ["--forceall", "--ignore-incomplete", "--config", f"profile={profile}"]
    while True:
        try:
            jobs = planned_jobs(Path.cwd(), *options, "--", "all", *ends)
        except RdmError as error:
            unknown = re.search(r"No rule to produce (\S+)", str(error))
            if not unknown or unknown[1] not in ends:
                raise
            ends.remove(unknown[1])  # Snakemake names one at a time
            continue
        return {path: _plan(job) for job in jobs for path in job.outputs}


def _plan(job: Job) -> Plan:
    return Plan(picked(job), job.inputs)


# --- what is printed ----------------------------------------------------------------------------


def _report(graph: Graph, found: Sequence[Finding]) -> list[str]:
    lines = []
    for (kind, text), paths in grouped(found).items():
        lines.append(f"{kind}: {few([graph.short(path) for path in paths])}: {text}")
        lines.append(f"    touches {'; '.join(touched(graph, paths)) or 'no table and no figure'}")
    return lines


def _verdict(
    graph: Graph,
    only: set[str] | None,
    found: Sequence[Finding],
    quick: bool,
    plans: Mapping[str, Plan] | None,
    accepted: Sequence[Acceptance],
) -> list[str]:
    records = [r for path, r in graph.records.items() if only is None or path in only]
    here = {(r.verb, r.code.fingerprint) for r in records}
    used = [a for a in accepted if here & {(a.verb, a.old), (a.verb, a.new)}]
    total = size(sum(record.artifact.bytes for record in records))
    how = "compared by size and time" if quick else "hashed again"
    count = f"{len(found)} findings" if found else "no finding"
    lines = [acceptance(entry) for entry in used]
    if plans is None:
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
