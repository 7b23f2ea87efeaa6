import gzip
import hashlib
import struct
from io import BytesIO

import numpy as np
import pytest

from rdm_pipeline.datasets import fashion_mnist
from rdm_pipeline.datasets.fashion_mnist import FILES, fetch, manifest, read_rows
from rdm_pipeline.errors import RdmError


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def contents(monkeypatch) -> dict[str, bytes]:
    """Four small files in the place of the real ones, with their hashes."""
    random = np.random.default_rng(0)
    made = {}
    for split, count in (("train", 30), ("val", 10)):
        images, labels = FILES[split]
        made[images] = idx(random.integers(0, 256, (count, 28, 28), np.uint8))
        made[labels] = idx(random.integers(0, 10, count, np.uint8))
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in made.items()}
    monkeypatch.setattr(fashion_mnist, "SHA256", hashes)
    return made


@pytest.fixture
def folder(contents, tmp_path):
    source = tmp_path / "mine"
    source.mkdir()
    for name, data in contents.items():
        (source / f"{name}.gz").write_bytes(gzip.compress(data))
    return source


def test_a_users_folder_is_unpacked_and_read_back(folder, contents, tmp_path):
    fetch(str(folder), tmp_path / "raw")
    described = manifest(tmp_path / "raw")
    blocks = list(read_rows(tmp_path / "raw", described["splits"]["val"], np.arange(2, 7)))
    images = np.concatenate([block[0] for block in blocks])
    labels = np.concatenate([block[1] for block in blocks])
    raw = np.frombuffer(contents["t10k-images-idx3-ubyte"], np.uint8, offset=16)
    np.testing.assert_array_equal(images[:, 0], raw.reshape(10, 28, 28)[2:7])
    assert labels.tolist() == list(contents["t10k-labels-idx1-ubyte"][8:][2:7])
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)


def test_the_compressed_form_does_not_change_the_raw_files(folder, contents, tmp_path):
    fetch(str(folder), tmp_path / "a")
    for name, data in contents.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(data, compresslevel=1, mtime=7))
    fetch(str(folder), tmp_path / "b")
    assert manifest(tmp_path / "a") == manifest(tmp_path / "b")


def test_whole_files_are_kept_without_asking_any_source(folder, tmp_path):
    fetch(str(folder), tmp_path / "raw")
    fetch(str(tmp_path / "no such folder"), tmp_path / "raw")


def test_a_damaged_raw_file_is_fetched_again(folder, tmp_path):
    fetch(str(folder), tmp_path / "raw")
    before = manifest(tmp_path / "raw")
    (tmp_path / "raw" / "train-labels-idx1-ubyte").write_bytes(b"damaged")
    fetch(str(folder), tmp_path / "raw")
    assert manifest(tmp_path / "raw") == before


def test_other_content_is_refused_with_file_and_both_hashes(folder, contents, tmp_path):
    name = "t10k-labels-idx1-ubyte"
    (folder / f"{name}.gz").write_bytes(gzip.compress(b"other"))
    with pytest.raises(RdmError) as caught:
        fetch(str(folder), tmp_path / "raw")
    for part in (name, hashlib.sha256(b"other").hexdigest(), fashion_mnist.SHA256[name]):
        assert part in str(caught.value)
    assert not (tmp_path / "raw" / name).exists()


def test_a_truncated_archive_is_refused(folder, tmp_path):
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(RdmError, match=r"train-images-idx3-ubyte\.gz: not a whole gzip file"):
        fetch(str(folder), tmp_path / "raw")


def test_a_raw_file_changed_after_the_manifest_is_refused(folder, tmp_path):
    raw = tmp_path / "raw"
    fetch(str(folder), raw)
    described = manifest(raw)
    with (raw / "t10k-images-idx3-ubyte").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(RdmError, match="t10k-images-idx3-ubyte: sha256 is"):
        list(read_rows(raw, described["splits"]["val"], np.arange(3)))


def test_an_unknown_source_names_what_is_allowed(tmp_path):
    with pytest.raises(RdmError, match=r"dataset.source: 'debain'.*auto, torchvision, debian"):
        fetch("debain", tmp_path / "raw")


def unreachable(*args, **kwargs):
    raise OSError("nobody home")


def test_auto_falls_back_from_the_web_to_debian(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(fashion_mnist.urllib.request, "urlopen", unreachable)
    monkeypatch.setattr(fashion_mnist, "_from_debian", lambda scratch: folder)
    fetch("auto", tmp_path / "raw")
    assert manifest(tmp_path / "raw")["splits"]["train"]["count"] == 30


def test_auto_takes_the_web_where_it_answers(folder, tmp_path, monkeypatch):
    def serve(url: str, timeout: float) -> BytesIO:
        return BytesIO((folder / url.rsplit("/", 1)[1]).read_bytes())

    monkeypatch.setattr(fashion_mnist.urllib.request, "urlopen", serve)
    monkeypatch.setattr(fashion_mnist, "_from_debian", unreachable)
    fetch("auto", tmp_path / "raw")
    assert manifest(tmp_path / "raw")["splits"]["val"]["count"] == 10


def test_a_broken_proxy_page_does_not_stop_auto(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(
        fashion_mnist.urllib.request, "urlopen", lambda url, timeout: BytesIO(b"<html>sign in")
    )
    monkeypatch.setattr(fashion_mnist, "_from_debian", lambda scratch: folder)
    fetch("auto", tmp_path / "raw")
    assert manifest(tmp_path / "raw")["splits"]["train"]["count"] == 30


def test_nothing_reachable_says_in_one_line_what_was_tried(contents, tmp_path, monkeypatch):
    monkeypatch.setattr(fashion_mnist.urllib.request, "urlopen", unreachable)
    monkeypatch.setattr(fashion_mnist, "DEBIAN_FOLDER", "no/such/place")
    monkeypatch.setattr(fashion_mnist.shutil, "which", lambda name: None)
    with pytest.raises(RdmError) as caught:
        fetch("auto", tmp_path / "raw")
    message = str(caught.value)
    assert "\n" not in message
    for part in ("dataset.source", "nobody home", "no apt-get", "may name a folder"):
        assert part in message


def test_a_failing_package_manager_is_reported_with_its_last_line(tmp_path):
    with pytest.raises(RdmError, match=r"sh -c failed \(E: no such package\)"):
        fashion_mnist._execute(["sh", "-c", "echo 'E: no such package' >&2; exit 100"], tmp_path)


def test_the_debian_package_is_unpacked_without_being_installed(tmp_path, monkeypatch):
    def pretend(command: list[str], folder) -> None:
        if command[1] == "download":
            (folder / "dataset.deb").touch()

    monkeypatch.setattr(fashion_mnist, "_execute", pretend)
    monkeypatch.setattr(fashion_mnist.shutil, "which", lambda name: name)
    monkeypatch.setattr(fashion_mnist, "DEBIAN_FOLDER", "data/fashion")
    assert fashion_mnist._from_debian(tmp_path) == tmp_path / "data/fashion"
