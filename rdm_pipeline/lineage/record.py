"""The provenance record that a verb leaves beside each artifact it makes."""

import hashlib
import importlib.metadata
import json
import os
import platform
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rdm_pipeline.artifacts import write_json
from rdm_pipeline.files import digest, size
from rdm_pipeline.lineage.accepted import accepted_fingerprint
from rdm_pipeline.lineage.fingerprint import ROOT, combined, module_hashes, source_hash

VERSION = 2
SUFFIX = ".prov.json"
SEAL = "record_sha256"
PACKAGES = (
    "deepspeed",
    "diffusers",
    "dreamsim",
    "dvc",
    "faiss-cpu",
    "h5py",
    "huggingface_hub",
    "kymatio",
    "lightly",
    "numpy",
    "open_clip_torch",
    "peft",
    "pydantic",
    "safetensors",
    "scikit-learn",
    "snakemake",
    "timm",
    "torch",
    "torch-fidelity",
    "torchvision",
    "transformers",
)


@dataclass(frozen=True)
class Start:
    """When a verb started, and the code that was on the disk at that moment."""

    verb: str
    time: datetime
    clock: float
    code: Mapping[str, Any]


def start(verb: str) -> Start:
    """Note the time and the code before a verb begins."""
    modules = module_hashes(verb)
    code = {
        "fingerprint": combined(modules),
        "accepted_as": accepted_fingerprint(verb),
        "modules": modules,
        "source_sha256": source_hash(),
        **git_state(),
    }
    return Start(verb, datetime.now(UTC), time.monotonic(), code)


def record_path(artifact: Path) -> Path:
    """Return where the record of an artifact lies."""
    return artifact.with_name(artifact.name + SUFFIX)


def write_records(
    begun: Start,
    params: Mapping[str, Any],
    inputs: Mapping[str, Sequence[Path]],
    outputs: Sequence[Path],
    ranks: int = 1,
) -> None:
    """Write one record per output: what it is, from what, by which code, when and where."""
    seconds = time.monotonic() - begun.clock
    made = [_file(path) for path in outputs]
    common = {
        "record_version": VERSION,
        "verb": begun.verb,
        "params": params,
        "outputs": made,
        "inputs": {name: [_file(path) for path in paths] for name, paths in inputs.items()},
        "code": begun.code,
        "seeds": dict(_seeds(params)),
        "versions": _versions(),
        "device": _device(ranks),
        "started": begun.time.isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "device_hours": round(seconds * ranks / 3600, 6),
        "peak_memory_bytes": _peak_memory(),
    }
    for path, artifact in zip(outputs, made, strict=True):
        write_json(record_path(path), sealed({"artifact": artifact, **common}))


def sealed(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with the hash of all that it says: a changed word of it will show."""
    said = {key: value for key, value in record.items() if key != SEAL}
    text = json.dumps(said, sort_keys=True)
    return {**said, SEAL: hashlib.sha256(text.encode()).hexdigest()}


def _file(path: Path) -> dict[str, Any]:
    return {"path": os.path.relpath(path), "sha256": digest(path), "bytes": size(path)}


def _seeds(tree: Any, key: str = "") -> list[tuple[str, Any]]:
    """Return every parameter whose name ends in `seed`, by its key."""
    if not isinstance(tree, Mapping):
        return [(key, tree)] if key.endswith("seed") else []
    if "value" in tree:
        return _seeds(tree["value"], tree.get("key", key))
    return [pair for name in tree for pair in _seeds(tree[name], f"{key}.{name}".strip("."))]


def _versions() -> dict[str, str | None]:
    versions: dict[str, str | None] = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    return versions


def _device(ranks: int) -> dict[str, Any]:
    return {
        "host": socket.gethostname(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "accelerator": _accelerator(),
        "ranks": ranks,
    }


def _accelerator() -> str | None:
    """Return the name of the accelerator, if the verb loaded torch and torch sees one."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    return str(torch.cuda.get_device_name())


def _peak_memory() -> int:
    """Return the largest resident size in bytes of this process and of its children."""
    usage = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    unit = 1 if platform.system() == "Darwin" else 1024
    return max(resource.getrusage(who).ru_maxrss for who in usage) * unit


def git_state() -> dict[str, Any]:
    """Return the commit of the package and whether its files differ; None without git."""
    commit = run_git("rev-parse", "HEAD")
    if commit is None:
        return {"commit": None, "dirty": None}
    return {"commit": commit.strip(), "dirty": bool(run_git("status", "--porcelain", "--", "."))}


def run_git(*arguments: str) -> str | None:
    """Return what git prints in the package's folder, None if it fails or is not there."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout
