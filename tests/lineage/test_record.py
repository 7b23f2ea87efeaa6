"""Provenance records: what was made, from what, with which parameters, by which code."""

import hashlib
import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rdm_pipeline.lineage import record as record_module
from rdm_pipeline.lineage.fingerprint import fingerprint, module_hashes
from rdm_pipeline.lineage.record import git_state, record_path, sealed, start, write_records

PARAMS = {
    "encoder": {"value": "sup"},
    "seed": {"key": "warm_starts.vae.seed", "value": 3},
    "bank": {"key": "evaluation.bank", "value": {"rff_seed": 99999, "seed": 4, "samples": 8}},
    "network": {"sup": {"key": "panels.demo.sup.network", "value": {"seed": 5}}},
}


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def record(tmp_path, monkeypatch):
    """The record of two outputs, made from one file and from two shards."""
    monkeypatch.chdir(tmp_path)
    for name in ("in", "0", "1", "out", "also"):
        Path(name).write_text(name)
    inputs = {"images": [Path("in")], "shards": [Path("0"), Path("1")]}
    write_records(start("gather"), PARAMS, inputs, [Path("out"), Path("also")], ranks=2)
    return json.loads(record_path(Path("out")).read_text())


def test_each_output_has_a_record_beside_it_with_its_own_hash(record):
    assert record["artifact"] == {"path": "out", "sha256": sha("out"), "bytes": 3}
    other = json.loads(Path("also.prov.json").read_text())
    assert other["artifact"] == {"path": "also", "sha256": sha("also"), "bytes": 4}
    assert record["outputs"] == other["outputs"] == [record["artifact"], other["artifact"]]
    own = {"artifact": 0, "record_sha256": 0}
    assert {**other, **own} == {**record, **own}


def test_a_record_is_sealed_by_a_hash_of_all_that_it_says(record):
    assert sealed(record) == record
    assert sealed({**record, "seconds": 0.5})["record_sha256"] != record["record_sha256"]


def test_every_input_is_there_with_its_hash(record):
    assert record["inputs"] == {
        "images": [{"path": "in", "sha256": sha("in"), "bytes": 2}],
        "shards": [{"path": name, "sha256": sha(name), "bytes": 1} for name in "01"],
    }


def test_parameters_keep_their_keys_and_seeds_are_found_at_every_depth(record):
    assert record["params"] == PARAMS
    assert record["seeds"] == {
        "warm_starts.vae.seed": 3,
        "evaluation.bank.rff_seed": 99999,
        "evaluation.bank.seed": 4,
        "panels.demo.sup.network.seed": 5,
    }


def test_code_versions_time_and_device_are_there(record):
    assert record["verb"] == "gather"
    assert record["code"]["fingerprint"] == fingerprint("gather")
    assert record["code"]["modules"] == module_hashes("gather")
    assert len(record["code"]["source_sha256"]) == 64
    assert record["versions"]["torch"].startswith("2.")
    assert record["versions"]["python"].startswith("3.")
    age = datetime.now(UTC) - datetime.fromisoformat(record["started"])
    assert 0 <= age.total_seconds() < 600
    assert record["device"]["ranks"] == 2
    assert record["peak_memory_bytes"] > 1_000_000
    assert record["device_hours"] == pytest.approx(record["seconds"] * 2 / 3600, abs=1e-6)


def test_nothing_in_a_record_is_an_absolute_path(record):
    assert str(Path.cwd()) not in json.dumps(record)


def test_dirty_means_that_files_of_the_package_are_not_in_a_commit(tmp_path, monkeypatch):
    package = tmp_path / "package"
    package.mkdir()
    monkeypatch.setattr(record_module, "ROOT", package)
    assert git_state() == {"commit": None, "dirty": None}

    def git(*arguments: str) -> None:
        who = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True)

    (package / "code.py").write_text("A = 1\n")
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "code")
    assert git_state()["dirty"] is False
    (tmp_path / "table.csv").write_text("1\n")
    assert git_state()["dirty"] is False
    (package / "new.py").write_text("B = 1\n")
    assert git_state()["dirty"] is True


def test_a_folder_is_recorded_by_one_hash_and_all_its_bytes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("raw").mkdir()
    Path("raw/a").write_text("12")
    Path("raw/b").write_text("345")
    write_records(start("fetch"), {}, {}, [Path("raw")])
    artifact = json.loads(Path("raw.prov.json").read_text())["artifact"]
    assert artifact["bytes"] == 5
    Path("raw/b").write_text("346")
    write_records(start("fetch"), {}, {}, [Path("raw")])
    assert json.loads(Path("raw.prov.json").read_text())["artifact"]["sha256"] != artifact["sha256"]
