"""Fashion-MNIST (Xiao, Rasul & Vollgraf 2017, arXiv 1708.07747): fetch, check, read."""

import gzip
import hashlib
import shutil
import subprocess
import tempfile
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from rdm_pipeline.artifacts import write_bytes
from rdm_pipeline.datasets.idx import read_idx
from rdm_pipeline.datasets.manifest import Manifest, RawSplit, check_file
from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import sha256
from rdm_pipeline.progress import tracked

CLASSES = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
]
FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "val": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
# Of the unpacked files: Debian's .gz lack the name and the time that the original .gz headers hold,
# so the compressed bytes depend on the source. What is inside does not: with both put back, they
# have the MD5 that torchvision lists.
SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
DEBIAN_PACKAGE = "dataset-fashion-mnist"
DEBIAN_FOLDER = "usr/share/datasets/fashion-mnist"
TIMEOUT = 10.0  # seconds without an answer after which a server counts as out of reach
BLOCK = 4096


def fetch(source: str, raw_dir: Path) -> None:
    """Put the four unpacked IDX files into `raw_dir`, checked, from `source` (see FashionMnist).

    Files that are there and whole are left as they are. Raises RdmError if no source answers, or
    a source's file is damaged or another one.
    """
    if all(_is_whole(raw_dir / name) for name in SHA256):
        return
    failures = []
    for name, locate in _sources(source).items():
        with tempfile.TemporaryDirectory() as scratch:
            try:
                folder = locate(Path(scratch))
                for file in SHA256:
                    _unpack(folder / f"{file}.gz", raw_dir / file)
                return
            except RdmError as error:
                failures.append(f"{name}: {error}")
    raise RdmError(
        f"dataset.source: {source!r} gave no Fashion-MNIST ({'; '.join(failures)}); "
        f"it may name a folder that holds {', '.join(f'{file}.gz' for file in SHA256)}"
    )


def manifest(raw_dir: Path) -> Manifest:
    """Describe the files that `fetch` left in `raw_dir`; RdmError if one is missing or damaged."""
    return {"classes": CLASSES, "splits": {split: _describe(raw_dir, split) for split in FILES}}


def read_rows(
    raw_dir: Path, split: RawSplit, rows: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield blocks of images (n,1,28,28) uint8 and labels (n,) int64 for the given row numbers."""
    images, labels = (read_idx(check_file(raw_dir, file)) for file in split["files"])
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        yield images[block, None], labels[block].astype(np.int64)


def _describe(raw_dir: Path, split: str) -> RawSplit:
    files = FILES[split]
    for file in files:
        check_file(raw_dir, {"path": file, "sha256": SHA256[file]})
    return {
        "files": [{"path": file, "sha256": SHA256[file]} for file in files],
        "count": len(read_idx(raw_dir / files[1])),
    }


def _is_whole(path: Path) -> bool:
    return path.is_file() and sha256(path) == SHA256[path.name]


def _unpack(archive: Path, target: Path) -> None:
    try:
        data = gzip.decompress(archive.read_bytes())
    except FileNotFoundError:
        raise RdmError(f"{archive}: not there") from None
    except (OSError, EOFError, zlib.error) as error:
        raise RdmError(f"{archive}: not a whole gzip file ({error})") from None
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256[target.name]:
        raise RdmError(f"{archive}: unpacked sha256 is {found}, expected {SHA256[target.name]}")
    write_bytes(target, data)


# --- sources: each is given a scratch folder and returns a folder with the four .gz files --------

Source = Callable[[Path], Path]


def _sources(source: str) -> dict[str, Source]:
    known: dict[str, Source] = {"torchvision": _download, "debian": _from_debian}
    if source == "auto":
        return known
    if source in known:
        return {source: known[source]}
    folder = Path(source)
    if not folder.is_dir():
        raise RdmError(
            f"dataset.source: {source!r} is no folder; allowed: auto, {', '.join(known)}, a folder"
        )
    return {"folder": lambda scratch: folder}


def _download(scratch: Path) -> Path:
    from rdm_pipeline.torchvision_shim import declare_missing_operators

    declare_missing_operators()
    from torchvision.datasets import FashionMNIST

    for name in tracked([f"{file}.gz" for file in SHA256], "fetch fashion_mnist"):
        _download_one(name, FashionMNIST.mirrors, scratch / name)
    return scratch


def _download_one(name: str, mirrors: list[str], target: Path) -> None:
    reasons = []
    for mirror in mirrors:
        try:
            with urllib.request.urlopen(mirror + name, timeout=TIMEOUT) as answer:
                target.write_bytes(answer.read())
            return
        except OSError as error:
            reasons.append(str(getattr(error, "reason", error)))
    raise RdmError(f"{name} cannot be downloaded ({', '.join(reasons)})")


def _from_debian(scratch: Path) -> Path:
    installed = Path("/") / DEBIAN_FOLDER
    if installed.is_dir():
        return installed
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise RdmError("this system has no apt-get and dpkg-deb")
    # Private package lists: a fresh machine has none, and the system's need root to be updated.
    private = [f"-oDir::State::Lists={scratch}/lists", f"-oDir::Cache={scratch}/cache"]
    for name in ("lists", "cache"):
        (scratch / name).mkdir()
    patience = [f"-oAcquire::http::Timeout={TIMEOUT:.0f}", "-oAcquire::Retries=1"]
    _execute(["apt-get", "update", *private, *patience], scratch)
    _execute(["apt-get", "download", *private, *patience, DEBIAN_PACKAGE], scratch)
    (archive,) = scratch.glob("*.deb")
    _execute(["dpkg-deb", "-x", str(archive), str(scratch)], scratch)
    return scratch / DEBIAN_FOLDER


def _execute(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip() or "no message").splitlines()[-1]
        raise RdmError(f"{' '.join(command[:2])} failed ({reason})")
