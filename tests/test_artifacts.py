"""Artifacts: whole or absent, the same bytes every time, refused when they are not right."""

import json
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rdm_pipeline.artifacts import (
    create_arrays,
    link_shards,
    read_array,
    read_arrays,
    read_attrs,
    read_json,
    read_json_lines,
    read_tensors,
    write_arrays,
    write_bytes,
    write_json,
    write_json_lines,
    write_tensors,
    write_text,
)
from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import atomic, digest, sha256

ATTRS = {"encoder": "sup", "pool": "avg", "resolution": 28}


def rows(count: int, first: int = 0, dim: int = 3) -> np.ndarray:
    values = np.arange(first * dim, (first + count) * dim, dtype=np.float32)
    return values.reshape(count, dim)


def write_features(path: Path, array: np.ndarray, **attrs: object) -> Path:
    write_arrays(path, "features", {"features": array}, {**ATTRS, **attrs})
    return path


def two_shards(folder: Path) -> tuple[Path, list[Path]]:
    shards = [write_features(folder / f"all/{k}.h5", rows(4 + k, first=4 * k)) for k in (0, 1)]
    link_shards(folder / "all.h5", "features", shards)
    return folder / "all.h5", shards


WRITERS = {
    "f.h5": lambda path: write_features(path, rows(5)),
    "f.safetensors": lambda path: write_tensors(
        path, {"b": torch.ones(2), "a": torch.zeros(3, 2).T}, {"encoder": "sup", "a": 1}
    ),
    "f.json": lambda path: write_json(path, {"b": 1.5, "a": [1, 2]}),
    "f.txt": lambda path: write_text(path, "Nyström\n"),
    "f.png": lambda path: write_bytes(path, b"\x89PNG"),
}
every_writer = pytest.mark.parametrize("name", WRITERS)


# --- whole or absent ----------------------------------------------------------------------------


@every_writer
def test_writing_leaves_the_file_and_nothing_else_in_the_folder(tmp_path, name):
    WRITERS[name](tmp_path / "new" / name)
    assert [path.name for path in (tmp_path / "new").iterdir()] == [name]


def test_an_error_in_the_middle_leaves_no_file(tmp_path):
    shapes = {"features": (8, 3)}
    with (
        pytest.raises(ZeroDivisionError),
        create_arrays(tmp_path / "f.h5", "features", shapes, ATTRS) as f,
    ):
        f["features"][:4] = 1
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_an_error_in_the_middle_keeps_the_older_file(tmp_path):
    path = write_features(tmp_path / "f.h5", rows(5))
    before = sha256(path)
    with pytest.raises(ZeroDivisionError), atomic(path) as partial:
        partial.write_text("half")
        raise ZeroDivisionError
    assert sha256(path) == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_appears_under_its_name_only_when_it_is_whole(tmp_path):
    with create_arrays(tmp_path / "f.h5", "features", {"features": (8, 3)}, ATTRS) as f:
        f["features"][...] = 1
        assert not (tmp_path / "f.h5").exists()
    assert (tmp_path / "f.h5").exists()


FILL_THE_DISK = """
import sys
from pathlib import Path
import numpy as np
from rdm_pipeline import artifacts
from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import atomic, digest, sha256

path, kind = Path(sys.argv[1]), sys.argv[2]
attrs = {"encoder": "sup", "pool": "avg", "resolution": 28}
try:
    if kind == "blocks":
        with artifacts.create_arrays(path, "features", {"features": (1000, 1000)}, attrs) as file:
            for row in range(0, 1000, 10):
                file["features"][row : row + 10] = 1
    if kind == "array":
        array = np.ones((1000, 1000), np.float32)
        artifacts.write_arrays(path, "features", {"features": array}, attrs)
    if kind == "safetensors":
        import torch
        artifacts.write_tensors(path, {"w": torch.ones(1000, 1000)}, {})
    if kind == "json":
        artifacts.write_json(path, list(range(1_000_000)))
except RdmError as error:
    print(error)
    sys.exit(2)
"""
KINDS = ["blocks", "array", "safetensors", "json"]


def write_without_space(path: Path, kind: str) -> subprocess.CompletedProcess[str]:
    def limit_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    return subprocess.run(
        [sys.executable, "-c", FILL_THE_DISK, str(path), kind],
        preexec_fn=None if path.parent.is_mount() else limit_files,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_may_not_grow_is_one_line_and_no_file(tmp_path, kind):
    done = write_without_space(tmp_path / "f", kind)
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout == f"{tmp_path / 'f'}: not written: File too large\n"
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk_is_one_line_and_no_file(small_disk, kind):
    done = write_without_space(small_disk / "f", kind)
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout == f"{small_disk / 'f'}: not written: No space left on device\n"
    assert list(small_disk.iterdir()) == []


# --- the same bytes -----------------------------------------------------------------------------


def test_bytes_do_not_depend_on_when_and_where_they_are_written(tmp_path):
    for folder in ("one", "two/deeper"):
        for name, write in WRITERS.items():
            write(tmp_path / folder / name)
        two_shards(tmp_path / folder)
        if folder == "one":
            time.sleep(1.1)  # HDF5 would store times in seconds
    assert digest(tmp_path / "one") == digest(tmp_path / "two/deeper")


def test_json_and_metadata_do_not_depend_on_the_order_of_keys(tmp_path):
    pairs = [("b", 1), ("a", 2)]
    for name, about in (("one", dict(pairs)), ("two", dict(reversed(pairs)))):
        write_json(tmp_path / f"{name}.json", about)
        write_tensors(tmp_path / f"{name}.st", {k: torch.ones(2) for k in about}, about)
    assert sha256(tmp_path / "one.json") == sha256(tmp_path / "two.json")
    assert sha256(tmp_path / "one.st") == sha256(tmp_path / "two.st")


def test_what_is_read_is_what_was_written(tmp_path):
    write_features(tmp_path / "f.h5", rows(5))
    arrays, attrs = read_arrays(tmp_path / "f.h5", "features")
    np.testing.assert_array_equal(arrays["features"], rows(5))
    assert attrs == ATTRS == read_attrs(tmp_path / "f.h5", "features")

    tensors = {"w": torch.randn(3, 2), "steps": torch.tensor(7)}
    write_tensors(tmp_path / "w.safetensors", tensors, {"encoder": "sup"})
    found, about = read_tensors(tmp_path / "w.safetensors")
    assert about == {"encoder": "sup"}
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(JSON)
def test_json_comes_back_or_is_refused_for_an_infinity(tmp_path, value):
    path = tmp_path / "v.json"
    path.unlink(missing_ok=True)
    if "Infinity" in json.dumps(value, ensure_ascii=False) and has_infinity(value):
        with pytest.raises(RdmError, match="not finite"):
            write_json(path, value)
        assert not path.exists()
    else:
        write_json(path, value)
        assert read_json(path) == value


def has_infinity(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(has_infinity, value.values()))
    if isinstance(value, list):
        return any(map(has_infinity, value))
    return isinstance(value, float) and abs(value) == float("inf")


# --- what does not fit is refused ---------------------------------------------------------------


def one_line(excinfo: pytest.ExceptionInfo[RdmError]) -> str:
    text = str(excinfo.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize("value", [float("nan"), {"a": [1.0, float("inf")]}])
def test_json_that_is_not_finite_is_refused_and_not_written(tmp_path, value):
    with pytest.raises(RdmError, match=r"v.json: a value is not finite"):
        write_json(tmp_path / "v.json", value)
    assert list(tmp_path.iterdir()) == []


READERS = {
    "f.h5": lambda path: read_arrays(path, "features"),
    "f.json": read_json,
    "f.safetensors": read_tensors,
}
every_reader = pytest.mark.parametrize("name", READERS)


@every_reader
def test_a_missing_file_is_one_line(tmp_path, name):
    with pytest.raises(RdmError, match=f"{name}: not there; make it first"):
        READERS[name](tmp_path / name)


@every_reader
@pytest.mark.parametrize("keep", [0, 1, 7, 20, 0.5, 0.95, -1])
def test_a_file_cut_short_is_one_line(tmp_path, name, keep):
    path = tmp_path / name
    WRITERS[name](path)
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data)) if isinstance(keep, float) else keep])
    if name == "f.json" and keep == -1:
        return  # without its last newline JSON is still whole
    with pytest.raises(RdmError, match="delete it and run again") as excinfo:
        READERS[name](path)
    assert name in one_line(excinfo)


@pytest.mark.parametrize("part", [b"\x89HDF", b"OHDR", b"GCOL"])
def test_a_file_with_a_damaged_header_is_one_line(tmp_path, part):
    path = write_features(tmp_path / "f.h5", rows(5))
    data = path.read_bytes()
    for at in (data.index(part), data.rindex(part)):
        path.write_bytes(data[:at] + bytes(64) + data[at + 64 :])
        with pytest.raises(RdmError, match=r"f.h5: .*; delete it and run again") as excinfo:
            read_arrays(path, "features")
        one_line(excinfo)


def test_another_kind_of_artifact_is_refused(tmp_path):
    write_features(tmp_path / "f.h5", rows(5))
    with pytest.raises(RdmError, match="found an artifact of kind 'features', expected 'images'"):
        read_array(tmp_path / "f.h5", "images", "images")


def test_features_of_another_encoder_are_refused(tmp_path):
    write_features(tmp_path / "f.h5", rows(5))
    with pytest.raises(RdmError, match="encoder is 'sup', expected 'mae'"):
        read_array(tmp_path / "f.h5", "features", "features", expect={"encoder": "mae"})


def test_an_hdf5_file_of_somebody_else_is_refused(tmp_path):
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["features"] = rows(5)
    with pytest.raises(RdmError, match="found an artifact of kind None"):
        read_arrays(tmp_path / "f.h5", "features")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda file: file.attrs.pop("pool"), "attributes are"),
        (lambda file: file.pop("features"), "arrays are"),
        (lambda file: file.create_dataset("more", data=1), "arrays are"),
    ],
)
def test_missing_and_foreign_parts_are_refused(tmp_path, edit, message):
    path = write_features(tmp_path / "f.h5", rows(5))
    with h5py.File(path, "r+") as file:
        edit(file)
    with pytest.raises(RdmError, match=message):
        read_attrs(path, "features")


def test_an_array_of_another_type_is_refused(tmp_path):
    path = write_features(tmp_path / "f.h5", rows(5))
    with h5py.File(path, "r+") as file:
        del file["features"]
        file["features"] = rows(5).astype(np.float64)
    with pytest.raises(RdmError, match="float64 with 2 axes, expected float32 with 2"):
        read_attrs(path, "features")


@pytest.mark.parametrize(
    ("shapes", "attrs"),
    [({"feature": (5, 3)}, ATTRS), ({"features": (5, 3)}, {"encoder": "sup"})],
)
def test_writing_other_arrays_or_attributes_than_the_kinds_is_refused(tmp_path, shapes, attrs):
    with (
        pytest.raises(RdmError, match="expected"),
        create_arrays(tmp_path / "f.h5", "features", shapes, attrs),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


# --- shards -------------------------------------------------------------------------------------


def test_a_virtual_array_is_its_shards_in_order(tmp_path):
    whole, _ = two_shards(tmp_path)
    np.testing.assert_array_equal(read_array(whole, "features", "features"), rows(9))
    assert read_attrs(whole, "features") == ATTRS


def test_a_virtual_array_may_move_with_its_shards(tmp_path):
    two_shards(tmp_path / "here")
    (tmp_path / "here").rename(tmp_path / "there")
    found = read_array(tmp_path / "there/all.h5", "features", "features")
    np.testing.assert_array_equal(found, rows(9))


def test_a_missing_shard_is_refused_and_not_read_as_zeros(tmp_path):
    whole, shards = two_shards(tmp_path)
    shards[1].unlink()
    with pytest.raises(RdmError, match=r"all.h5: its shard .*1.h5 is missing"):
        read_array(whole, "features", "features")


def test_a_shard_that_changed_since_is_refused(tmp_path):
    whole, shards = two_shards(tmp_path)
    write_features(shards[0], rows(4) + 1)
    with pytest.raises(RdmError, match=r"all.h5: its shard .*0.h5 has changed"):
        read_array(whole, "features", "features")


def test_a_shard_outside_the_folder_is_refused(tmp_path):
    whole, (shard, _) = two_shards(tmp_path / "in")
    shutil.move(shard, tmp_path / "0.h5")
    with h5py.File(whole, "r+") as file:
        file.attrs["shards"] = ["../0.h5", "all/1.h5"]
    with pytest.raises(RdmError, match="lies outside"):
        read_array(whole, "features", "features")


def test_a_virtual_array_over_files_that_it_does_not_name_is_refused(tmp_path):
    whole, _ = two_shards(tmp_path)
    with h5py.File(whole, "r+") as file:
        del file.attrs["shards"], file.attrs["sha256"]
    with pytest.raises(RdmError, match="features lies in another file"):
        read_array(whole, "features", "features")


def test_an_array_in_another_file_is_refused(tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(60))
    linked = write_features(tmp_path / "linked.h5", rows(5))
    other = write_features(tmp_path / "other.h5", rows(5))
    with h5py.File(linked, "r+") as file:
        del file["features"]
        file["features"] = h5py.ExternalLink(str(other), "features")
    stored = write_features(tmp_path / "stored.h5", rows(5))
    with h5py.File(stored, "r+") as file:
        del file["features"]
        file.create_dataset("features", (5, 3), "f4", external=[(str(secret), 0, 60)])
    for path in (linked, stored):
        with pytest.raises(RdmError, match="features lies in another file"):
            read_array(path, "features", "features")


def test_an_array_that_says_it_is_larger_than_its_file_is_refused(tmp_path):
    path = write_features(tmp_path / "f.h5", rows(5))
    with h5py.File(path, "r+") as file:
        del file["features"]
        file.create_dataset("features", (10**9, 10**6), "f4", chunks=(1000, 1000))
    with pytest.raises(RdmError, match=r"features says 4\d+ bytes, the file holds"):
        read_array(path, "features", "features")


@pytest.mark.parametrize("text", ["[" * 10**6, '{"a": ' * 10**5])
def test_json_without_end_is_one_line(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(RdmError, match="not JSON"):
        read_json(tmp_path / "a.json")


def test_json_larger_than_any_of_ours_is_refused_unread(tmp_path):
    with (tmp_path / "a.json").open("wb") as file:
        file.truncate(2**28 + 1)
    with pytest.raises(RdmError, match="has 268435457 bytes, allowed 268435456"):
        read_json(tmp_path / "a.json")


def test_the_bytes_of_a_virtual_array_change_with_the_rows_it_stands_for(tmp_path):
    whole, shards = two_shards(tmp_path)
    before = sha256(whole)
    write_features(shards[0], rows(4) + 1)
    link_shards(whole, "features", shards)
    assert sha256(whole) != before


@pytest.mark.parametrize(
    ("array", "attrs", "message"),
    [
        (rows(4), {"encoder": "mae"}, "encoder is 'mae', expected 'sup'"),
        (rows(4, dim=5), {}, r"rows of features have shape \(5,\), expected \(3,\)"),
    ],
)
def test_shards_that_do_not_belong_together_are_refused(tmp_path, array, attrs, message):
    shards = [write_features(tmp_path / "0.h5", rows(4))]
    shards.append(write_features(tmp_path / "1.h5", array, **attrs))
    with pytest.raises(RdmError, match=message):
        link_shards(tmp_path / "all.h5", "features", shards)
    assert not (tmp_path / "all.h5").exists()


def test_a_shard_with_images_but_fewer_labels_is_refused(tmp_path):
    arrays = {"images": np.zeros((3, 1, 4, 4), np.uint8), "labels": np.zeros(2, np.int64)}
    write_arrays(tmp_path / "0.h5", "images", arrays, {"classes": "[]"})
    with pytest.raises(RdmError, match="arrays of different length"):
        link_shards(tmp_path / "all.h5", "images", [tmp_path / "0.h5"])


def test_a_line_that_is_no_json_is_named(tmp_path):
    path = tmp_path / "lines.jsonl"
    write_json_lines(path, [{"b": 1, "a": "\u2028"}, 2])
    assert read_json_lines(path) == [{"a": "\u2028", "b": 1}, 2]
    path.write_text(path.read_text() + "{'single': 1}\n")
    assert read_json_lines(path, [1]) == [2]
    with pytest.raises(RdmError, match=r"lines\.jsonl:3: not JSON"):
        read_json_lines(path)
