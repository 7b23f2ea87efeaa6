"""A Slurm of this machine's own: two nodes, two daemons of each kind less one, no accounting."""

import contextlib
import os
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from rdm_pipeline.training.launch import free_port

DAEMONS = ("munged", "slurmctld", "slurmd")
# where a step looks that was started without SLURM_CONF, as Snakemake's are
DEFAULT_CONF = Path("/etc/slurm/slurm.conf")
NODES = ("node1", "node2")
OWNER = "owner"  # file with the process that started it

CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
SlurmdUser=root
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MinJobAge=300
KillWait=5
ReturnToService=2
# the nodes are as large as the profile asks for, whatever this machine has
SlurmdParameters=config_overrides
GresTypes=gpu
"""
NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} "
    "CPUs=16 RealMemory=500000 Gres=gpu:8 State=UNKNOWN\n"
)
PARTITION = "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n"


def missing() -> str | None:
    """Return why no Slurm can be started here, or None."""
    if os.geteuid() != 0:
        return "needs root"
    absent = [name for name in DAEMONS if shutil.which(name) is None]
    if absent:
        return f"{', '.join(absent)} not installed: see .ci/slurm"
    if os.path.lexists(DEFAULT_CONF) and not _is_left_over():
        return f"{DEFAULT_CONF} is there: this machine belongs to a cluster"
    return None


def _is_left_over() -> bool:
    """Return whether the configuration is that of a test which was killed."""
    if not DEFAULT_CONF.is_symlink():
        return False
    owner = DEFAULT_CONF.readlink().with_name(OWNER)
    return owner.exists() and not psutil.pid_exists(int(owner.read_text()))


@contextlib.contextmanager
def slurm(folder: Path) -> Iterator[None]:
    """Run a controller and two nodes, whose files lie in `folder`, which nobody else may enter."""
    _configure(folder)
    daemons: list[subprocess.Popen[bytes]] = []
    DEFAULT_CONF.parent.mkdir(parents=True, exist_ok=True)
    DEFAULT_CONF.unlink(missing_ok=True)
    DEFAULT_CONF.symlink_to(folder / "slurm.conf")
    try:
        for command in _daemons(folder):
            daemons.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
            time.sleep(1)
        _wait_for_nodes()
        yield
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
            daemon.wait(30)
        DEFAULT_CONF.unlink()


def _configure(folder: Path) -> None:
    host = socket.gethostname()
    (folder / "state").mkdir()
    (folder / OWNER).write_text(str(os.getpid()))
    (folder / "munge.key").write_bytes(os.urandom(128))
    (folder / "munge.key").chmod(0o600)
    for number in range(8):  # for Slurm any device may be a GPU
        os.mknod(folder / f"gpu{number}", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    (folder / "gres.conf").write_text(f"Name=gpu File={folder}/gpu[0-7]\n")
    nodes = "".join(NODE.format(name=name, host=host, port=free_port()) for name in NODES)
    text = CONF.format(host=host, port=free_port(), folder=folder)
    (folder / "slurm.conf").write_text(text + nodes + PARTITION)


def _daemons(folder: Path) -> Iterator[list[str]]:
    files = {kind: f"--{kind}={folder}/munge.{kind}" for kind in ("socket", "key", "log", "pid")}
    flags = [files["socket"]] + [f"--{k}-file={folder}/munge.{k}" for k in ("key", "log", "pid")]
    yield ["munged", "--foreground", "--force", *flags, f"--seed-file={folder}/munge.seed"]
    yield ["slurmctld", "-D", "-f", f"{folder}/slurm.conf"]
    for name in NODES:
        yield ["slurmd", "-D", "-N", name, "-f", f"{folder}/slurm.conf"]


def _wait_for_nodes() -> None:
    deadline = time.monotonic() + 60
    while True:
        told = subprocess.run(["sinfo", "-Nho", "%T"], capture_output=True, text=True).stdout
        if told.split() == ["idle"] * len(NODES):
            return
        assert time.monotonic() < deadline, f"Slurm's nodes do not come up: {told}"
        time.sleep(0.5)
