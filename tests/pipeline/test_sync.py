"""A clone that pulled: Snakemake and DVC agree that nothing is to be done, or what is."""

import shutil
import subprocess
from pathlib import Path

import pytest

from rdm_pipeline.params.project import load_tree
from rdm_pipeline.recipes import planned_jobs
from tests.pipeline.conftest import ROOT, copy_project, git, run, set_param

pytestmark = pytest.mark.slow

RESULTS = load_tree(ROOT)["results"]
TARGET = "features@train-pixels"
FEATURES = f"{RESULTS}/features/fashion_mnist/train/pixels.h5"
RDM = ("python", "-m", "rdm_pipeline.cli")


@pytest.fixture(scope="module")
def pushed(tmp_path_factory, raw_data) -> Path:
    """A project with the features of one encoder, in git and in a DVC remote beside it."""
    folder = tmp_path_factory.mktemp("sync")
    project = copy_project(folder / "first")
    set_param(project / "params.yaml", "dataset.source", str(raw_data))
    set_param(project / "params.yaml", "dataset.limits", {"train": 300, "val": 300})
    git(project, "init", "-q")
    run(project, "dvc", "remote", "add", "--default", "store", "../store")
    run(project, "dvc", "repro", "-q", TARGET)
    run(project, "dvc", "push", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "results")
    return folder


@pytest.fixture
def clone(pushed, tmp_path) -> Path:
    shutil.copytree(pushed / "store", tmp_path / "store")
    git(tmp_path, "clone", "-q", str(pushed / "first"), "clone")
    return tmp_path / "clone"


def sync(clone: Path) -> tuple[int, str]:
    done = subprocess.run([*RDM, "sync"], cwd=clone, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def planned(clone: Path) -> list[str]:
    return [job.rule for job in planned_jobs(clone, "--", FEATURES)]


def test_after_a_sync_neither_snakemake_nor_dvc_has_anything_to_do(clone):
    code, said = sync(clone)
    assert code == 0, said
    assert planned(clone) == []
    assert run(clone, "dvc", "status", TARGET).strip() == "Data and pipelines are up to date."


def test_what_was_made_with_another_parameter_is_removed_and_alone_made_again(clone):
    set_param(clone / "params.yaml", "panels.demo.pixels.network.seed", 5)
    code, said = sync(clone)
    assert code == 1
    assert "changed parameter: encoders/pixels.safetensors" in said
    assert "panels.demo.pixels.network" in said
    assert set(planned(clone)) == {"encoder", "features", "gather_features"}


def test_a_byte_that_was_changed_in_the_remote_is_found(clone):
    files = [path for path in (clone.parent / "store").rglob("*") if path.is_file()]
    largest = max(files, key=lambda path: path.stat().st_size)  # raw pictures
    data = bytearray(largest.read_bytes())
    data[len(data) // 2] ^= 1
    largest.chmod(0o644)
    largest.write_bytes(data)
    code, said = sync(clone)
    assert code == 1
    assert "edited file: raw/fashion_mnist: its hash is" in said
    assert {"fetch", "images", "features"} <= set(planned(clone))


def test_where_nothing_came_the_error_is_one_line(clone):
    run(clone, "dvc", "remote", "remove", "store")
    code, said = sync(clone)
    assert code == 2
    assert said.startswith(f"rdm: {RESULTS}: holds no record") and len(said.splitlines()) == 1
