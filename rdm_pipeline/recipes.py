"""What makes each artifact, as one hash: the command that Snakemake would run and the verb's code.

DVC compares these hashes, so it re-runs a stage exactly when Snakemake would: also for what
params.yaml decides indirectly, such as which encoders are held out.
"""

import hashlib
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from rdm_pipeline.errors import RdmError
from rdm_pipeline.lineage.accepted import accepted_fingerprint


@dataclass(frozen=True)
class Job:
    """One job of the graph: files relative to the folder of the Snakefile."""

    rule: str
    inputs: list[str]
    outputs: list[str]
    command: str
    reason: str = ""

    @property
    def verb(self) -> str:
        """What its command asks `rdm` to do."""
        return self.command.split()[1]


def planned_jobs(root: Path, *arguments: str) -> list[Job]:
    """Return the jobs behind the default target that `snakemake -n` plans, in their order."""
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "-n", "--printshellcmds", "--nolock", *arguments],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise RdmError(f"snakemake -n: {_reason(done.stdout)}")
    blocks = re.split(r"\n(?=(?:local)?rule \w+:\n)", done.stdout)
    return [_job(block) for block in blocks if "\nShell command: rdm " in block]


def options(job: Job) -> dict[str, list[str]]:
    """Return what a job's command hands to its verb, by option."""
    found: dict[str, list[str]] = {}
    values: list[str] = []
    for word in shlex.split(job.command.partition(" 2>&1")[0])[2:]:
        if word.startswith("--"):
            values = found.setdefault(word[2:].replace("-", "_"), [])
        else:
            values.append(word)
    return found


def recipe_tree(jobs: Iterable[Job]) -> dict[str, Any]:
    """Return the hashes, nested as the files are below the results folder; see `recipe_key`."""
    tree: dict[str, Any] = {}
    for job in jobs:
        code = accepted_fingerprint(job.verb)
        recipe = hashlib.sha256(f"{job.command}\n{code}".encode()).hexdigest()
        for output in job.outputs:
            *folders, name = recipe_key(output).split(".")
            branch = tree
            for folder in folders:
                branch = branch.setdefault(folder, {})
            branch[name] = recipe
    return tree


def recipe_key(output: str) -> str:
    """Return the dotted key of a file below results/PROFILE: features/a/b.h5 is features.a.b_h5."""
    return ".".join(part.replace(".", "_") for part in PurePath(output).parts[2:])


def _reason(printed: str) -> str:
    """Return what our rules say, without where; else all that Snakemake says at the end."""
    ours = re.search(r"WorkflowError[^\n]*:\n\s*(.+)", printed)
    return ours[1] if ours else printed.rpartition("Building DAG of jobs...")[2]


def _job(block: str) -> Job:
    return Job(
        rule=_field(block, r"(?:local)?rule (\w+):"),
        inputs=_field(block, "    input: (.*)").replace(",", "").split(),
        outputs=_field(block, "    output: (.*)").replace(",", "").split(),
        command=_field(block, "Shell command: (.*)"),
        reason=_field(block, "    reason: (.*)"),
    )


def _field(block: str, pattern: str) -> str:
    match = re.search(f"^{pattern}$", block, re.MULTILINE)
    return match[1] if match else ""
