"""A crate of a table that was really made, in the eyes of tools that others keep."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline.conftest import PROJECT, run

pytestmark = pytest.mark.slow

# It wants older libraries than this project, so it has an environment of its own.
READER = "runcrate==0.6.2"
VALIDATOR = "roc-validator==0.13.0"


def tool(folder: Path, requirement: str, name: str) -> Path:
    """Install a command into an environment of its own, or skip the test."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    command = [str(folder / "bin/pip"), "install", "--quiet", requirement]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"{requirement} cannot be installed: {done.stderr.splitlines()[-1]}")
    return folder / "bin" / name


@pytest.fixture(scope="module")
def crate(smoke, tmp_path_factory) -> Path:
    """Table 1 of the smoke profile as a crate."""
    folder = tmp_path_factory.mktemp("export") / "crate"
    rdm = (sys.executable, "-m", "rdm_pipeline.cli", "export", "crate", "--profile", "smoke")
    said = run(smoke, *rdm, "tables/table1", str(folder), "--largest", "100000")
    assert said.startswith(f"{folder}: tables/table1.csv and what it was made from")
    return folder


def entities(crate: Path) -> list[dict]:
    return json.loads((crate / "ro-crate-metadata.json").read_text())["@graph"]


def test_files_are_copied_up_to_the_size_asked_for_and_named_by_hash_beyond(crate):
    files = [entity for entity in entities(crate) if "contentSize" in entity]
    copied = [file for file in files if (crate / file["@id"]).is_file()]
    named = [file for file in files if file["@id"].startswith("ni:///sha-256;")]
    assert len(copied) + len(named) == len(files) and copied and named
    assert all(int(file["contentSize"]) > 100_000 for file in named)
    assert {"Snakefile", "params.yaml", "profiles/smoke.yaml"} <= {file["@id"] for file in copied}


def test_a_reader_of_such_crates_reports_every_action(crate, tmp_path):
    reader = tool(tmp_path / "reader", READER, "runcrate")
    report = subprocess.run(
        [str(reader), "report", str(crate)], capture_output=True, text=True, check=True
    ).stdout
    actions = [entity for entity in entities(crate) if entity["@type"] == "CreateAction"]
    assert len(actions) > 30
    for action in actions:
        assert f"action: {action['@id']}\n" in report
    assert "instrument: #rdm-train" in report and "step: #step-train" in report


def test_a_validator_of_the_profile_finds_nothing_that_is_required_missing(crate, tmp_path):
    validator = tool(tmp_path / "validator", VALIDATOR, "rocrate-validator")
    profile = ("--profile-identifier", "provenance-run-crate-0.5", "-l", "required")
    command = [str(validator), "-y", "validate", *profile, "--no-paging", str(crate)]
    done = subprocess.run(command, capture_output=True, text=True)
    said = done.stdout + done.stderr
    if done.returncode and ("URLError" in said or "Unable to retrieve" in said):
        pytest.skip("w3id.org, where the profile's contexts are, cannot be reached")
    assert done.returncode == 0, said


def test_a_result_that_was_edited_is_not_exported(smoke, tmp_path):
    project = tmp_path / "project"
    for name in (*PROJECT, "results/smoke"):
        copy = shutil.copytree if (smoke / name).is_dir() else shutil.copy2
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        copy(smoke / name, project / name)
    table = project / "results/smoke/tables/table1.csv"
    table.write_text(table.read_text().replace("1", "2", 1))
    done = subprocess.run(
        [sys.executable, "-m", "rdm_pipeline.cli", "export", "crate", "--profile", "smoke"]
        + ["tables/table1", "crate"],
        cwd=project,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    told = "rdm: tables/table1: found differences, allowed: none; see rdm verify tables/table1\n"
    assert done.stderr == told and not (project / "crate").exists()
