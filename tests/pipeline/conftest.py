"""Copies of the project in which Snakemake and DVC run, and the raw data that they share."""

import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from rdm_pipeline.datasets import fashion_mnist
from rdm_pipeline.files import sha256
from rdm_pipeline.lineage.record import SUFFIX

ROOT = Path(__file__).resolve().parents[2]
PROJECT = (
    "Snakefile",
    "accepted.json",
    "rules",
    "params.yaml",
    "profiles",
    "rdm_pipeline",
    "dvc.yaml",
    ".dvc",
    ".dvcignore",
    ".gitignore",
)


def copy_project(target: Path) -> Path:
    """Copy what Snakemake and DVC need of the project into `target`."""
    target.mkdir(parents=True)
    scratch = shutil.ignore_patterns("__pycache__", "cache", "tmp")
    for name in PROJECT:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=scratch)
        else:
            shutil.copy(ROOT / name, target / name)
    return target


def run(folder: Path, *command: str) -> str:
    """Run a command of the environment in `folder`; return what it prints or fail with it."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}"
    return done.stdout


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody."""
    who = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    return run(folder, "git", *who, *arguments)


def artifacts(folder: Path) -> dict[str, str]:
    """Return the hashes of all files below a folder but records, Snakemake's and measured hours."""
    files = (path for path in folder.rglob("*") if path.is_file())
    others = (".snakemake_timestamp", "costs.json")
    return {
        str(path.relative_to(folder)): sha256(path)
        for path in files
        if not path.name.endswith(SUFFIX) and path.name not in others
    }


AGAIN = """
import shlex, sys
from rdm_pipeline.cli import main
for line in sys.stdin:
    assert main(shlex.split(line)[1:]) == 0, line
"""


def made_again(project: Path, commands: list[str], results: str, other: str) -> dict[str, str]:
    """Run rules' commands in one process into another folder; return the hashes of its files."""
    lines = [line.partition(" 2>&1")[0].replace(results, other) for line in commands]
    done = subprocess.run(
        [sys.executable, "-c", AGAIN],
        input="\n".join(lines),
        cwd=project,
        env={"PYTHONPATH": str(project), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return artifacts(project / other)


def set_param(file: Path, key: str, value: Any) -> None:
    """Set one key of a YAML file."""
    tree = yaml.safe_load(file.read_text())
    *path, last = key.split(".")
    node = tree
    for part in path:
        node = node[part]
    node[last] = value
    file.write_text(yaml.safe_dump(tree, sort_keys=False))


def edit(file: Path, old: str, new: str) -> None:
    """Replace a text that occurs once in a file."""
    text = file.read_text()
    assert text.count(old) == 1, f"{old!r} in {file}"
    file.write_text(text.replace(old, new))


@pytest.fixture(scope="session")
def raw_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the four .gz files of Fashion-MNIST, from wherever they can be had."""
    folder = tmp_path_factory.mktemp("fashion_mnist")
    fashion_mnist.fetch("auto", folder)
    for name in fashion_mnist.SHA256:
        with gzip.open(folder / f"{name}.gz", "wb", compresslevel=1) as file:
            file.write((folder / name).read_bytes())
    return folder


@pytest.fixture(scope="session")
def smoke(tmp_path_factory: pytest.TempPathFactory, raw_data: Path) -> Path:
    """A copy of the project in which the target `all` of the profile smoke is made."""
    folder = copy_project(tmp_path_factory.mktemp("smoke") / "project")
    set_param(folder / "profiles/smoke.yaml", "dataset.source", str(raw_data))
    run(folder, "snakemake", "-c2", "--config", "profile=smoke", "--quiet", "rules", "--", "all")
    return folder
