"""What a dataset's raw files are: names, hashes and labels, without any absolute path."""

from pathlib import Path
from typing import NotRequired, TypedDict

from rdm_pipeline.artifacts import sha256
from rdm_pipeline.errors import RdmError


class RawFile(TypedDict):
    """A raw file: its path relative to the split's root, its hash and, for a picture, its class."""

    path: str
    sha256: str
    label: NotRequired[int]


class RawSplit(TypedDict):
    """The files of one split and how many images they hold."""

    files: list[RawFile]
    count: int


class Manifest(TypedDict):
    """Class names in the order of the labels, and the splits `train` and `val`."""

    classes: list[str]
    splits: dict[str, RawSplit]


def check_file(root: Path, file: RawFile) -> Path:
    """Return the file's path under `root`; RdmError if it is gone or differs from the manifest."""
    path = root / file["path"]
    if not path.is_file():
        raise RdmError(f"{path}: not there, but the dataset's manifest lists it; fetch again")
    found = sha256(path)
    if found != file["sha256"]:
        raise RdmError(f"{path}: sha256 is {found}, the manifest has {file['sha256']}; fetch again")
    return path
