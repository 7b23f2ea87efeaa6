"""What a person's word for a target stands for, and what the workflow would make it from."""

import itertools
import json
import re
from pathlib import Path

from rdm_pipeline.errors import RdmError
from rdm_pipeline.lineage.compare import Plan
from rdm_pipeline.lineage.graph import Graph
from rdm_pipeline.params.project import load_tree
from rdm_pipeline.recipes import Job, options, planned_jobs

STEMS = {"tables": ".csv", "figures": ".png"}
ENDINGS = ("", ".csv", ".png", ".json", ".h5", ".safetensors")


def results_of(profile: str) -> Path:
    """Return the folder of a profile's results, relative to the project's."""
    return Path(load_tree(Path.cwd(), profile)["results"])


def find_artifact(graph: Graph, target: str) -> str:
    """Return the artifact that a person means: its path, or that below the results, or its stem.

    Tables and figures need no folder. RdmError lists them for any other name.
    """
    below = target.removeprefix(f"{graph.folder.as_posix()}/").removeprefix(f"{graph.prefix}/")
    for folder, ending in itertools.product(("", "tables/", "figures/"), ENDINGS):
        path = f"{graph.prefix}/{folder}{below}{ending}"
        if path in graph.records or path in graph.faults:
            return path
    names = [graph.short(path) for path in graph.records]
    ends = [n.rpartition(".")[0] for n in names if re.match(r"tables/.*\.csv|figures/", n)]
    allowed = ", ".join(ends or names[:20])
    raise RdmError(f"{target}: no record of it in {graph.folder}, allowed: {allowed}")


def snakemake_name(graph: Graph, target: str) -> str:
    """Return a rule's name as it is, and the file that a path or a stem stands for."""
    if target.isidentifier():
        return target
    try:
        return find_artifact(graph, target)
    except RdmError:  # never made
        below = target.removeprefix(f"{graph.folder.as_posix()}/")
        ending = "" if Path(below).suffix else STEMS.get(below.partition("/")[0], "")
        return f"{graph.folder.as_posix()}/{below}{ending}"


def plans(graph: Graph, profile: str) -> dict[str, Plan]:
    """Return what the workflow would make each artifact from, if it would make it."""
    ends = [path for path in graph.records if path not in graph.readers]
    anew = ["--forceall", "--ignore-incomplete", "--config", f"profile={profile}"]
    while True:
        try:
            jobs = planned_jobs(Path.cwd(), *anew, "--", "all", *ends)
        except RdmError as error:
            unknown = re.search(r"No rule to produce (\S+)", str(error))
            if not unknown or unknown[1] not in ends:
                raise
            ends.remove(unknown[1])  # Snakemake names one at a time
            continue
        return {path: plan_of(job) for job in jobs for path in job.outputs}


def plan_of(job: Job) -> Plan:
    """Return what a job would make its files from."""
    told, read = options(job), {*job.inputs}
    inputs = {role: paths for role, paths in told.items() if paths and {*paths} <= read}
    return Plan(json.loads(told["params"][0]), inputs)
