"""What a dataset's raw files are: names, hashes and labels, without any absolute path."""

from pathlib import Path
from typing import NotRequired, TypedDict

from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import sha256


class RawFile(TypedDict):
    """A raw file: its path below the folder of raw data, and its hash."""

    path: str
    sha256: str


class Picture(TypedDict):
    """A picture of the user's own: its place (see `datasets.folder.Place`), hash and class."""

    path: str
    archive: str | None
    offset: int
    size: int
    sha256: str
    label: int


class RawSplit(TypedDict):
    """The files of one split, of pictures the file that lists them, and how many images it has."""

    files: list[RawFile]
    count: int


class Manifest(TypedDict):
    """Class names in the order of the labels, and the splits `train` and `val`.

    held_out: prompts that neither split has, of a dataset whose classes are prompts.
    """

    classes: list[str]
    held_out: NotRequired[list[str]]
    splits: dict[str, RawSplit]


def check_file(root: Path, file: RawFile) -> Path:
    """Return the file's path below `root`; RdmError if it is gone or differs from the manifest."""
    path = root / file["path"]
    if not path.is_file():
        raise RdmError(f"{path}: not there, but the dataset's manifest lists it; fetch again")
    found = sha256(path)
    if found != file["sha256"]:
        raise RdmError(f"{path}: sha256 is {found}, the manifest has {file['sha256']}; fetch again")
    return path
