"""How the ranks of a run are started: torchrun on this machine, or on every node of a Slurm job."""

import ctypes
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.runs import Launch

ALLOCATION = "SLURM_JOB_ID"
# Of what Slurm tells a process, what a step within the same job may know: the rest would be taken
# for wishes, such as the tasks, CPUs and GPUs of the step around it.
KEPT = (ALLOCATION, "SLURM_CONF")
SET_DEATH_SIGNAL = 1  # of prctl(2)


def start_command(launch: Launch, job: Path, environment: Mapping[str, str]) -> list[str]:
    """Return the command that starts all ranks of a run on the job file.

    One torchrun per node starts the node's ranks. Where there are several nodes, srun starts the
    torchruns, and they meet at this host, which is one of the nodes.
    """
    if launch.nodes == 1:
        return torchrun(launch, job, "localhost:0")
    if ALLOCATION not in environment:
        raise RdmError(
            f"launch.nodes: found {launch.nodes}, allowed: 1 outside a Slurm job; "
            "see docs/clusters.md"
        )
    meeting = f"{socket.gethostname()}:{free_port()}"
    return [*srun(launch), *torchrun(launch, job, meeting)]


def srun(launch: Launch) -> list[str]:
    """Return the start of a command that runs once on every node, with the node's CPUs and GPUs."""
    return [
        "srun",
        "--overlap",  # the step in which this process runs holds some of them
        f"--nodes={launch.nodes}",
        f"--ntasks={launch.nodes}",
        "--ntasks-per-node=1",
        f"--cpus-per-task={launch.ranks_per_node * launch.threads}",
        "--cpu-bind=none",
        "--kill-on-bad-exit=1",
    ]


def torchrun(launch: Launch, job: Path, meeting: str) -> list[str]:
    """Return the command that starts the ranks of one node; `meeting` is HOST:PORT."""
    return [
        sys.executable,
        "-m",
        "torch.distributed.run",
        f"--nnodes={launch.nodes}",
        f"--nproc-per-node={launch.ranks_per_node}",
        "--rdzv-backend=c10d",
        f"--rdzv-endpoint={meeting}",
        "-m",
        "rdm_pipeline.verbs.train",
        str(job),
    ]


def step_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which a step is started from within another."""
    return {
        name: value
        for name, value in environment.items()
        if name in KEPT or not name.startswith(("SLURM_", "SRUN_"))
    }


def end_with_parent() -> None:
    """Have Linux end this process when its parent is killed: no rank outlives its launcher."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_DEATH_SIGNAL, signal.SIGTERM)


def free_port() -> int:
    """Return a TCP port of this host that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])
