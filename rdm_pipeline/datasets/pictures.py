"""A user's own pictures: hashed and listed once, then read shard by shard."""

import hashlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np

from rdm_pipeline.artifacts import read_json_lines, write_json_lines
from rdm_pipeline.datasets.decode import decode
from rdm_pipeline.datasets.folder import Place, list_pictures
from rdm_pipeline.datasets.manifest import Manifest, Picture, RawSplit, check_file
from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import sha256
from rdm_pipeline.overlap import ahead
from rdm_pipeline.params.dataset import Captioned, ImageFolder
from rdm_pipeline.progress import Progress

BLOCK = 256
READERS = 16  # files that are read at a time while hashing: network disks answer late


class UnreadableError(RdmError):
    """Some pictures of a shard are as listed and still cannot be decoded."""

    def __init__(self, root: Path, reasons: Mapping[int, str], paths: list[str]) -> None:
        """`reasons` by position among the pictures `paths` that were tried."""
        self.positions = list(reasons)
        self.paths = [paths[position] for position in reasons]
        told = [f"{paths[position]} ({reason})" for position, reason in reasons.items()]
        more = f" and {len(told) - 5} more" if len(told) > 5 else ""
        super().__init__(
            f"{root}: {len(told)} of {len(paths)} pictures cannot be read: "
            f"{', '.join(told[:5])}{more}"
        )


def fetch(spec: ImageFolder, raw_dir: Path) -> Manifest:
    """List the pictures of both splits with their hashes in `raw_dir`; they are only read.

    Raises RdmError if the splits' classes differ.
    """
    train, val = Path(spec.train), Path(spec.val)
    labels = None if spec.val_labels is None else Path(spec.val_labels)
    listings = {"train": list_pictures(train), "val": list_pictures(val, labels)}
    only_train = sorted(listings["train"].keys() - listings["val"].keys())
    only_val = sorted(listings["val"].keys() - listings["train"].keys())
    if only_train or only_val:
        raise RdmError(
            f"{train}, {val}: both need the same classes; only in train: "
            f"{', '.join(only_train) or '-'}; only in val: {', '.join(only_val) or '-'}"
        )
    splits = {
        "train": _describe(train, listings["train"], raw_dir / "train.jsonl"),
        "val": _describe(val, listings["val"], raw_dir / "val.jsonl"),
    }
    return {"classes": list(listings["train"]), "splits": splits}


def read_rows(
    spec: ImageFolder | Captioned,
    root: Path,
    raw_dir: Path,
    split: RawSplit,
    rows: np.ndarray,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield blocks of images (n,channels,resolution,resolution) uint8 and labels (n,) int64.

    Raises RdmError for a picture that is not as listed and, once all were tried, UnreadableError
    for those that cannot be decoded; they are in no block.
    """
    (listing,) = split["files"]
    pictures = read_json_lines(check_file(raw_dir, listing), rows.tolist())
    reasons: dict[int, str] = {}
    decoded = _decoded(spec, root, pictures, reasons)
    while block := list(islice(decoded, BLOCK)):
        images, labels = zip(*block, strict=True)
        yield np.stack(images), np.array(labels, np.int64)
    if reasons:
        raise UnreadableError(root, reasons, [picture["path"] for picture in pictures])


def read_place(root: Path, place: Place) -> bytes:
    """Return a picture's file as it lies in a folder or in a tar; RdmError if it is gone."""
    try:
        if place.archive is None:
            return (root / place.path).read_bytes()
        with (root / place.archive).open("rb") as file:
            file.seek(place.offset)
            return file.read(place.size)
    except OSError as error:
        raise RdmError(f"{root}: {place.path}: {error.strerror}; fetch again") from None


def read_picture(root: Path, picture: Picture) -> bytes:
    """Return a picture's file as it was listed; RdmError if it is gone or differs."""
    where = picture["path"], picture["archive"], picture["offset"], picture["size"]
    data = read_place(root, Place(*where))
    found = hashlib.sha256(data).hexdigest()
    if found != picture["sha256"]:
        raise RdmError(
            f"{root}: {picture['path']}: sha256 is {found}, the manifest has "
            f"{picture['sha256']}; fetch again"
        )
    return data


def _decoded(
    spec: ImageFolder | Captioned, root: Path, pictures: list[Picture], reasons: dict[int, str]
) -> Iterator[tuple[np.ndarray, int]]:
    """Yield images with labels; note in `reasons`, by position, why one cannot be decoded."""
    files = ahead((read_picture(root, picture) for picture in pictures), depth=BLOCK)
    for position, (picture, data) in enumerate(zip(pictures, files, strict=True)):
        try:
            yield decode(data, spec.resolution, spec.channels), picture["label"]
        except ValueError as error:
            reasons[position] = str(error)


def _describe(root: Path, listing: Mapping[str, list[Place]], target: Path) -> RawSplit:
    places = [(place, label) for label, places in enumerate(listing.values()) for place in places]
    write_json_lines(target, hashed(root, places))
    return {"files": [{"path": target.name, "sha256": sha256(target)}], "count": len(places)}


def hashed(root: Path, places: list[tuple[Place, int]]) -> Iterator[Picture]:
    """Yield pictures of places with labels, in their order, with the hashes of their files."""
    progress = Progress(f"hash {root.name}", len(places))
    with ThreadPoolExecutor(READERS) as threads:
        for start in range(0, len(places), BLOCK):
            block = places[start : start + BLOCK]
            hashes = threads.map(lambda one: _hash(root, one[0]), block)
            for (place, label), found in zip(block, hashes, strict=True):
                yield _picture(place, found, label)
            progress.update(start + len(block))


def _picture(place: Place, sha256: str, label: int) -> Picture:
    return {
        "path": place.path,
        "archive": place.archive,
        "offset": place.offset,
        "size": place.size,
        "sha256": sha256,
        "label": label,
    }


def _hash(root: Path, place: Place) -> str:
    return hashlib.sha256(read_place(root, place)).hexdigest()
