"""The command that starts a run's ranks: on this machine, and over the nodes of a Slurm job."""

import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.project import load_tree, parse
from rdm_pipeline.params.runs import Launch
from rdm_pipeline.training.launch import free_port, start_command, step_environment

ROOT = Path(__file__).resolve().parents[2]
JOB = Path("results/runs/irdm/job.json")


def launch(**changes: Any) -> Launch:
    written = parse(load_tree(ROOT)).runs["irdm"].launch.model_dump()
    return Launch.model_validate(written | changes)


def options(command: list[str]) -> dict[str, str]:
    pairs = (word.removeprefix("--").partition("=") for word in command if word.startswith("--"))
    return {name: value for name, _, value in pairs}


def test_one_node_needs_no_cluster():
    command = start_command(launch(ranks=4), JOB, {})
    assert command[:3] == [sys.executable, "-m", "torch.distributed.run"]
    assert command[-2:] == ["rdm_pipeline.verbs.train", str(JOB)]
    told = options(command)
    assert (told["nnodes"], told["nproc-per-node"]) == ("1", "4")
    assert told["rdzv-endpoint"] == "localhost:0"


def test_several_nodes_each_start_their_share_and_meet_at_this_host():
    spread = launch(ranks=8, nodes=2, threads=3)
    command = start_command(spread, JOB, {"SLURM_JOB_ID": "7"})
    assert command[0] == "srun"
    told = options(command)
    assert (told["nodes"], told["ntasks"], told["ntasks-per-node"]) == ("2", "2", "1")
    assert told["cpus-per-task"] == "12"
    assert (told["nnodes"], told["nproc-per-node"]) == ("2", "4")
    host, _, port = told["rdzv-endpoint"].partition(":")
    assert host == socket.gethostname() and int(port) > 0


def test_several_nodes_without_a_slurm_job_are_refused():
    with pytest.raises(RdmError, match=r"launch\.nodes: found 4, allowed: 1 outside a Slurm job"):
        start_command(launch(ranks=4, nodes=4), JOB, {})


def test_ranks_that_do_not_spread_evenly_are_refused():
    with pytest.raises(ValueError, match="nodes: found 3, allowed: a divisor of ranks = 4"):
        launch(ranks=4, nodes=3)


def test_a_step_within_a_step_takes_over_no_wishes():
    outer = {"SLURM_JOB_ID": "7", "SLURM_GPUS": "8", "SRUN_CPUS_PER_TASK": "2", "PATH": "/bin"}
    assert step_environment(outer) == {"SLURM_JOB_ID": "7", "PATH": "/bin"}


def test_a_free_port_can_be_listened_on():
    with socket.socket() as listener:
        listener.bind(("", free_port()))
        listener.listen()
