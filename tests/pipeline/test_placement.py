"""What jobs ask a cluster for comes from the parameters; needs no cluster."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.conftest import copy_project, run, set_param

pytestmark = pytest.mark.slow

TRAINED = "results/imagenet/runs/irdm/generator.safetensors"
# a dry run has no cluster, whose size the profile leaves open
PLAN = ("snakemake", "-n", "-c1000", "--profile", "profiles/slurm", "--config", "profile=imagenet")


@pytest.fixture
def project(tmp_path) -> Path:
    return copy_project(tmp_path / "project")


def asked(plan: str, rule: str) -> dict[str, Any]:
    """Return what the first job of a rule asks for."""
    block = re.search(rf"^rule {rule}:\n((?: {{4}}.*\n)+)", plan, re.MULTILINE)
    assert block, plan
    pairs = re.search(r"resources: (.*)", block[1])[1].split(", ")
    threads = re.search(r"threads: (\d+)", block[1])
    return {**dict(pair.split("=") for pair in pairs), "threads": threads[1] if threads else "1"}


def test_a_run_asks_for_a_gpu_and_threads_per_rank(project):
    plan = run(project, *PLAN, "--", TRAINED)
    train = asked(plan, "train")
    assert {key: train[key] for key in ("nodes", "tasks", "gres", "threads")} == {
        "nodes": "1",
        "tasks": "1",
        "gres": "gpu:8",
        "threads": "32",
    }
    assert train["mem_mb"] == "128000" and train["runtime"] == "1440"
    assert asked(plan, "features")["gres"] == "gpu:1"
    assert "gres" not in asked(plan, "reference")


def test_a_run_over_nodes_asks_for_as_many_and_for_a_share_of_each(project):
    set_param(project / "profiles/imagenet.yaml", "runs.irdm.launch.nodes", 4)
    train = asked(run(project, *PLAN, "--", TRAINED), "train")
    assert (train["nodes"], train["tasks"]) == ("4", "4")
    assert (train["gres"], train["threads"]) == ("gpu:2", "8")


def test_without_gpus_none_is_asked_for(project):
    set_param(project / "profiles/imagenet.yaml", "gpu", False)
    assert "gres" not in run(project, *PLAN, "--", TRAINED)
