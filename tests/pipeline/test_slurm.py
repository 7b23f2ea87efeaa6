"""The smoke profile on a real Slurm: ranks on two nodes, a job killed in flight, the same bytes."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rdm_pipeline.recipes import planned_jobs
from tests.pipeline import cluster
from tests.pipeline.conftest import artifacts, copy_project, git, made_again, run, set_param

why_not = cluster.missing()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(why_not is not None, reason=f"no Slurm: {why_not}"),
]

SMOKE = ("--config", "profile=smoke")
RESULTS, LOGS = "results/smoke", "logs/smoke"
PROFILE = "profiles/slurm"
SLURM = ("snakemake", "--profile", PROFILE, *SMOKE)

# A Slurm job takes seconds to come and go: what lies before and after training is one job each.
BEFORE = [
    *("fetch", "images", "gather_images", "encoder", "features", "gather_features", "bank"),
    *("reference", "warm_start", "floors", "judge_of_real", "metrics_of_real"),
]
AFTER = ["sample", "gather_images", "features", "gather_features", "judge", "metrics"]
REAL = [f"{RESULTS}/{kind}/real.json" for kind in ("judge", "metrics")]

# What a person with a cluster without accounting would write, and does not want to wait for.
THIS_CLUSTER = """
slurm-status-command: squeue
slurm-init-seconds-before-status-checks: 2
seconds-between-status-checks: 2
"""


@pytest.fixture(scope="module", autouse=True)
def slurm(tmp_path_factory) -> Iterator[None]:
    with cluster.slurm(tmp_path_factory.mktemp("slurm")):
        yield


@pytest.fixture
def project(tmp_path, raw_data) -> Path:
    """A copy of the project with a profile for this cluster, and a small run on two nodes."""
    folder = copy_project(tmp_path / "project")
    config = folder / PROFILE / "config.yaml"
    config.write_text(config.read_text() + THIS_CLUSTER)
    smoke = folder / "profiles/smoke.yaml"
    set_param(smoke, "dataset.source", str(raw_data))
    set_param(smoke, "dataset.shards", {"train": 1})
    for key in ("experiments", "report.comparisons", "report.fig5"):
        set_param(smoke, key, None)
    set_param(smoke, "panels.smoke.random", None)
    set_param(smoke, "report.table1", {"rows": ["real", "irdm"]})
    set_param(smoke, "runs.irdm.steps", 60)
    launch = {"ranks": 2, "nodes": 2, "threads": 1, "micro_batch": 32, "checkpoint_every": 5}
    set_param(smoke, "runs.irdm.launch", launch)
    return folder


def test_a_job_killed_in_flight_is_retried_and_the_tables_are_those_of_a_local_run(project):
    run(
        project,
        *SLURM,
        "--groups",
        *grouped(BEFORE),
        "--",
        *REAL,
        f"{RESULTS}/runs/irdm/floors.json",
    )
    told = with_a_killed_training(project, *SLURM, "--groups", *grouped(AFTER), "--", "table1")

    killed, retried = jobs_of("train")
    assert (killed.state, retried.state) == ("CANCELLED", "COMPLETED")
    assert (killed.nodes, retried.nodes) == ("2", "2")
    assert "Trying to restart job" in told

    # where docs/clusters.md says
    assert re.search(r"resumes at step \d*[05]\n", (project / LOGS / "train/irdm.log").read_text())
    for job in (killed, retried):
        log = project / f"logs/slurm/rule_train/irdm/{job.number}.log"
        assert "rule train:" in log.read_text()
    assert "CANCELLED" in (project / f"logs/slurm/rule_train/irdm/{killed.number}.log").read_text()

    on_slurm = artifacts(project / RESULTS)
    assert "tables/table1.csv" in on_slurm
    jobs = planned_jobs(project, *SMOKE, "--forceall", "--", "table1")
    here = [job.command.replace('"nodes":2', '"nodes":1') for job in jobs]
    assert made_again(project, here, RESULTS, "results/here") == on_slurm


def test_dvc_repro_runs_through_the_same_profile(project, raw_data, monkeypatch):
    set_param(project / "params.yaml", "dataset.source", str(raw_data))
    git(project, "init", "-q")
    monkeypatch.setenv("SNAKEMAKE_PROFILE", PROFILE)
    monkeypatch.setenv("CORES", "16")
    before = len(jobs_of("fetch"))
    run(project, "dvc", "repro", "fetch")
    assert [job.state for job in jobs_of("fetch")[before:]] == ["COMPLETED"]
    assert (project / "results/demo/raw/fashion_mnist").is_dir()


# --- a job of Slurm's -----------------------------------------------------------------------------


class SlurmJob:
    """A line of squeue."""

    def __init__(self, line: str) -> None:
        self.number, self.state, self.nodes, self.comment = line.split()


def jobs_of(rule: str) -> list[SlurmJob]:
    """Return the jobs of a rule that Slurm has had, oldest first."""
    told = subprocess.run(
        ["squeue", "--states=all", "--noheader", "--sort=i", "--format=%i %T %D %k"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    jobs = [SlurmJob(line) for line in told.splitlines()]
    return [job for job in jobs if job.comment.startswith(f"rule_{rule}_")]


def grouped(rules: list[str]) -> list[str]:
    return [f"{rule}=one" for rule in rules]


def with_a_killed_training(project: Path, *command: str) -> str:
    """Run Snakemake and cancel the training's first job once it has a checkpoint."""
    output = project / "snakemake.out"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with output.open("w") as file:
        snakemake = subprocess.Popen(
            command,
            cwd=project,
            env={**os.environ, "PATH": path},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    deadline = time.monotonic() + 180
    while not list(project.glob(f"{RESULTS}/runs/irdm/checkpoints/*/latest")):
        assert snakemake.poll() is None and time.monotonic() < deadline, output.read_text()
        time.sleep(0.05)
    subprocess.run(["scancel", jobs_of("train")[0].number], check=True)
    assert snakemake.wait(300) == 0, output.read_text()
    return output.read_text()
