"""A target made again in a scratch folder and compared with what is here: rdm rerun."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rdm_pipeline.errors import RdmError
from rdm_pipeline.lineage.compare import Plan, changed_modules, in_words, parameter_changes
from rdm_pipeline.lineage.difference import Difference, largest_difference
from rdm_pipeline.lineage.graph import Graph, Record, load_graph
from rdm_pipeline.lineage.shown import few, printable
from rdm_pipeline.recipes import Job, options, planned_jobs
from rdm_pipeline.targets import results_of, snakemake_name

FOUND = 1
RAW = "fetch"  # raw data stays as it is
# By verb, the outputs that hold measured hours: other ones each time.
MEASURED = {"train": ("costs",), "costs": ("csv", "markdown", "latex", "picture")}

Gaps = Mapping[str, Difference | None]


def run_rerun(
    target: str,
    compare: bool,
    last: bool,
    cores: int,
    folder: Path | None,
    tolerance: float,
    profile: str,
) -> int:
    """Make a target again, all that it comes from or the last step; 1 if it is not reproduced."""
    graph = load_graph(results_of(profile))
    jobs = planned_jobs(
        Path.cwd(),
        *("--forceall", "--ignore-incomplete", "--config", f"profile={profile}"),
        *("--", snakemake_name(graph, target)),
    )
    ends = last_jobs(jobs)
    again = ends if last else [job for job in jobs if job.verb != RAW]
    if not {*_outputs(ends)} <= {*_outputs(again)}:
        raise RdmError(f"{target}: raw data is not made again, allowed: what is made from it")
    compared = [job for job in again if comparable(job)]
    if compare and not compared:
        raise RdmError(f"{target}: holds measured hours, allowed with --compare: without --last")
    scratch = (folder or Path(tempfile.mkdtemp(prefix="rdm-rerun-"))).resolve()
    prepare(Path.cwd(), scratch, graph, set(_outputs(jobs)) - set(_outputs(again)))
    make(scratch, profile, cores, again, ends)
    status = 0
    if compare:
        made = load_graph(scratch / graph.folder)
        paths, last_paths = (
            [path for job in some for path in comparable(job)]
            for some in (compared, last_jobs(compared))
        )
        measured = sorted({*_outputs(again)} - {*paths})
        if measured:
            names = few([graph.short(path) for path in measured])
            print(printable(f"not compared, as they hold measured hours: {names}"))
        status = report(graph, made, paths, last_paths, tolerance)
    if folder is None and compare and not status:
        shutil.rmtree(scratch)
    else:
        print(f"made again in {scratch}")
    return status


def last_jobs(jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs whose files no other job reads."""
    read = {path for job in jobs for path in job.inputs}
    return [job for job in jobs if not read & {*job.outputs}]


def comparable(job: Job) -> list[str]:
    """Return a job's files whose bytes are to be the same each time."""
    told = options(job)
    measured = {path for role in MEASURED.get(job.verb, ()) for path in told[role]}
    return [path for path in job.outputs if path not in measured]


def _outputs(jobs: Iterable[Job]) -> Iterable[str]:
    return (path for job in jobs for path in job.outputs)


# --- making -------------------------------------------------------------------------------------


def prepare(root: Path, scratch: Path, graph: Graph, kept: Iterable[str]) -> None:
    """Fill a folder with links: to what the project holds, and to artifacts that stay.

    Of those that are not here Snakemake will say whether they are needed.
    """
    made_here = {".snakemake", "logs", graph.folder.parts[0]}
    scratch.mkdir(parents=True, exist_ok=True)
    names = [entry.name for entry in root.iterdir() if not scratch.is_relative_to(entry)]
    for name in [*(name for name in names if name not in made_here), *kept]:
        link, place = scratch / name, root / name
        if place.exists() and not link.is_symlink():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(place)


def make(
    scratch: Path, profile: str, cores: int, again: Sequence[Job], ends: Sequence[Job]
) -> None:
    """Run Snakemake in a folder of its own: these jobs and no others."""
    rules = sorted({job.rule for job in again})
    command = [sys.executable, "-m", "snakemake", "--snakefile", "Snakefile"]
    command += ["--directory", str(scratch), "--cores", str(cores), "--quiet", "rules"]
    command += ["--rerun-incomplete", "--config", f"profile={profile}"]
    command += ["--allowed-rules", *rules, "--", *_outputs(ends)]
    if subprocess.run(command, stdout=sys.stderr).returncode:
        raise RdmError(f"{scratch}: not made again; the reason is above")


# --- comparing ----------------------------------------------------------------------------------


def report(
    here: Graph, again: Graph, paths: Sequence[str], ends: Sequence[str], tolerance: float
) -> int:
    """Print what differs between two makes of the same artifacts; 1 if that is too much."""
    gaps = {path: largest_difference(here.locate(path), again.locate(path)) for path in paths}
    differ = {path: gap for path, gap in gaps.items() if gap}
    for line in _by_verb(again, differ):
        print(printable(line))
    same = len(paths) - len(differ)
    print(f"{same} of {len(paths)} artifacts made again have identical bytes")
    if not differ:
        return 0
    told = [path for path in paths if path in here.records]
    excuses = sorted({s for p in told for s in surroundings(here.records[p], again.records[p])})
    changes = sorted({s for p in told for s in _code(here.records[p], again.records[p])})
    for line in [*excuses, *changes]:
        print(printable(f"made otherwise: {line}"))
    if not excuses:
        print("not reproduced: same machine, versions and parameters, so bytes were to be the same")
        return FOUND
    return _judge({path: gaps[path] for path in ends}, tolerance)


def surroundings(old: Record, new: Record) -> list[str]:
    """Return what may make a difference beside the code: machine, versions, parameters."""
    told = [
        f"{key} {old.device.get(key)} here, {new.device.get(key)} again"
        for key in ("host", "machine", "accelerator", "ranks")
        if old.device.get(key) != new.device.get(key)
    ]
    if old.device.get("accelerator") == new.device.get("accelerator") is not None:
        told.append("on an accelerator, where bytes may differ from run to run")
    told += [
        f"{name} {version} here, {new.versions.get(name)} again"
        for name, version in old.versions.items()
        if version != new.versions.get(name)
    ]
    return told + parameter_changes(old, Plan(new.params, {}))


def _code(old: Record, new: Record) -> list[str]:
    changed = changed_modules(old.code.modules, new.code.modules)
    return [f"rdm {old.verb} by other code: {in_words(changed)}"] if changed else []


def _by_verb(again: Graph, differ: Mapping[str, Difference]) -> list[str]:
    """Return the largest difference among what each verb made, in the order of making."""
    verbs = {path: again.records[path].verb for path in differ}
    lines = []
    for verb in dict.fromkeys(verbs.values()):
        of_verb = [path for path in differ if verbs[path] == verb]
        most = max(of_verb, key=lambda path: differ[path].relative)
        lines.append(
            f"rdm {verb}: {len(of_verb)} differ, most {again.short(most)} {_where(differ[most])}"
        )
    return lines


def _where(gap: Difference) -> str:
    return f"at {gap.where}: {gap.old} here, {gap.new} again ({gap.relative:.2g} of it)"


def _judge(ends: Gaps, tolerance: float) -> int:
    """Print whether the target's own files are within the tolerance."""
    most = max((gap.relative for gap in ends.values() if gap), default=0.0)
    within = most <= tolerance
    verdict = "reproduced" if within else "not reproduced"
    print(f"{verdict}: the target differs by {most:.2g} at most, allowed {tolerance:g}")
    return 0 if within else FOUND
