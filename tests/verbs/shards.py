"""Verbs over shards of images as processes of their own, which can be killed and measured."""

import json
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-m", "rdm_pipeline.cli")


def command(verb: str, params: dict[str, Any], **files: Path) -> list[str]:
    """The command line of a verb."""
    values = json.dumps({key: {"value": value} for key, value in params.items()})
    flags = [part for key, path in files.items() for part in (f"--{key}", str(path))]
    return [*COMMAND, verb, *flags, "--params", values]


def execute(line: list[str]) -> None:
    """Run a verb to its end, below a shell: a process begins with the peak memory of its parent."""
    done = subprocess.run(
        ["sh", "-c", '"$@"; exit $?', "sh", *line], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def execute_without_space(line: list[str]) -> str:
    """Run a verb that may write no more than a megabyte per file; return what it says."""

    def limit_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    done = subprocess.run(line, preexec_fn=limit_files, capture_output=True, text=True)
    assert done.returncode == 2
    return done.stderr


def kill_while_writing(line: list[str], target: Path) -> None:
    """Run a verb and kill it once it has begun to write `target`."""
    process = subprocess.Popen(line, stderr=subprocess.DEVNULL)
    pattern = f".{target.name}.*.partial"
    while not any(path.stat().st_size for path in target.parent.glob(pattern)):
        assert process.poll() is None, "ended before it could be killed"
        time.sleep(0.001)
    process.kill()
    process.wait()


def peak_memory(artifact: Path) -> int:
    """Bytes that the verb which made an artifact held at most."""
    record = json.loads(artifact.with_name(f"{artifact.name}.prov.json").read_text())
    return record["peak_memory_bytes"]


def names(folder: Path) -> list[str]:
    """The files of a folder, hidden ones too."""
    return sorted(path.name for path in folder.iterdir())
