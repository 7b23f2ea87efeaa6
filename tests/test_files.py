"""Whole or absent, and hashed no more often than needed."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rdm_pipeline import files
from rdm_pipeline.artifacts import link_shards, read_array, write_arrays, write_text
from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import digest, known_sha256, sha256, size, write_folder


def leftover(path: Path, process: int) -> Path:
    partial = path.with_name(f".{path.name}.{process}.partial")
    partial.write_text("half")
    return partial


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_a_killed_writer_left_is_removed_by_the_next_one(tmp_path):
    dead = leftover(tmp_path / "f", ended_process())
    other = leftover(tmp_path / "g", ended_process())
    write_text(tmp_path / "f", "whole")
    assert not dead.exists() and other.exists()


def test_the_partial_file_of_a_writer_that_runs_is_left_alone(tmp_path):
    running = leftover(tmp_path / "f", os.getppid())
    write_text(tmp_path / "f", "whole")
    assert running.exists()


# --- hashes -------------------------------------------------------------------------------------


@pytest.fixture
def read(monkeypatch) -> list[Path]:
    """The files that were read for their hash; all count as large."""
    seen: list[Path] = []

    def counted(path: Path) -> str:
        seen.append(path)
        return sha256(path)

    monkeypatch.setattr(files, "sha256", counted)
    monkeypatch.setattr(files, "LARGE", 1)
    return seen


def test_a_large_artifact_is_read_once(tmp_path, read):
    path = tmp_path / "f"
    path.write_text("some")
    assert known_sha256(path) == digest(path) == sha256(path)
    assert read == [path]


def in_place(path: Path) -> None:
    path.write_text("else")


def in_place_with_the_old_time(path: Path) -> None:
    before = path.stat()
    path.write_text("else")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def by_another_file_as_old(path: Path) -> None:
    other = path.with_name("other")
    other.write_text("else")
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize("change", [in_place, in_place_with_the_old_time, by_another_file_as_old])
def test_a_change_that_keeps_size_and_time_is_seen(tmp_path, read, change):
    path = tmp_path / "f"
    path.write_text("some")
    before = known_sha256(path)
    change(path)
    assert known_sha256(path) == sha256(path) != before


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"sha256": "0"}'])
def test_a_damaged_note_is_not_believed(tmp_path, read, text):
    path = tmp_path / "f"
    path.write_text("some")
    known_sha256(path)
    (tmp_path / ".f.sha256").write_text(text)
    assert known_sha256(path) == sha256(path)


def test_a_small_file_leaves_no_note(tmp_path):
    write_text(tmp_path / "f", "some")
    known_sha256(tmp_path / "f")
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_where_no_note_can_be_written_the_hash_is_the_same(tmp_path, read, monkeypatch):
    def refuse(path: Path) -> None:
        raise RdmError(f"{path}: not written: No space left on device")

    (tmp_path / "f").write_text("some")
    monkeypatch.setattr(files, "atomic", refuse)
    assert known_sha256(tmp_path / "f") == sha256(tmp_path / "f")


def test_a_virtual_array_reads_its_shards_for_their_hash_once_in_all(tmp_path, read):
    shards = [tmp_path / f"{k}.h5" for k in range(3)]
    for k, shard in enumerate(shards):
        attrs = {"encoder": "sup", "pool": "avg", "resolution": 28}
        write_arrays(shard, "features", {"features": np.full((4, 2), k)}, attrs)
    link_shards(tmp_path / "all.h5", "features", shards)
    for _ in range(3):
        read_array(tmp_path / "all.h5", "features", "features")
    assert read == shards
    write_arrays(shards[1], "features", {"features": np.zeros((4, 2))}, attrs)
    with pytest.raises(RdmError, match=r"1\.h5 has changed since"):
        read_array(tmp_path / "all.h5", "features", "features")


def test_the_digest_of_a_folder_sees_names_and_contents_and_nothing_else(tmp_path):
    for name, text in (("raw/a/x", "1"), ("raw/y", "23")):
        write_text(tmp_path / name, text)
    before = digest(tmp_path / "raw")
    assert size(tmp_path / "raw") == 3
    (tmp_path / "raw").rename(tmp_path / "moved")
    (tmp_path / "moved/.snakemake_timestamp").touch()
    assert digest(tmp_path / "moved") == before
    write_text(tmp_path / "moved/y", "24")
    assert digest(tmp_path / "moved") != before
    write_text(tmp_path / "moved/y", "23")
    (tmp_path / "moved/y").rename(tmp_path / "moved/z")
    assert digest(tmp_path / "moved") != before


def test_a_folder_takes_the_place_of_an_older_one_or_leaves_it_as_it_was(tmp_path):
    folder = tmp_path / "pages"
    write_folder(folder, {"a.html": b"old", "b/c.html": b"old"})
    write_folder(folder, {"b/d.html": b"new"})
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [folder / "b/d.html"]
    with pytest.raises(TypeError):
        write_folder(folder, {"b/d.html": b"newer", "e.html": None})
    assert (folder / "b/d.html").read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_that_a_killed_writer_left_is_removed(tmp_path):
    (tmp_path / f".pages.{ended_process()}.partial/b").mkdir(parents=True)
    (tmp_path / f".pages.{os.getppid()}.partial").mkdir()
    write_folder(tmp_path / "pages", {"a.html": b"new"})
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"pages", f".pages.{os.getppid()}.partial"}
