"""A user's own pictures in classes: where they are, as ImageFolder lays them out or in tars.

A root is a folder or an uncompressed tar. A picture's class is the first part of its path below
the root; a tar in it (`n01440764.tar`) counts as a folder (`n01440764`). A split without class
folders comes with a text file of lines `picture class`.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rdm_pipeline.datasets.tars import list_members
from rdm_pipeline.errors import RdmError

SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm"
)  # fmt: skip
TAR = ".tar"


class Place(NamedTuple):
    """Where a picture is: path below the root, as if tars were folders, and its bytes if in one.

    `archive` is the tar's path below the root, empty where the root is the tar itself.
    """

    path: str
    archive: str | None = None
    offset: int = 0
    size: int = 0


def list_pictures(root: Path, labels: Path | None = None) -> dict[str, list[Place]]:
    """Return the pictures by class, classes and pictures sorted by name; hidden files are left out.

    Raises RdmError for a missing root, a class without pictures and a picture without a class.
    """
    class_of = None if labels is None else read_labels(labels)
    places = sorted(_places(root))
    if not places:
        raise RdmError(f"{root}: no picture in it; allowed: {' '.join(SUFFIXES)}")
    if class_of is None:
        _require_class_folders(root, places)
    else:
        _require_labels(root, labels, places, class_of)
    pictures: dict[str, list[Place]] = {}
    for place in places:
        label = _first(place.path) if class_of is None else class_of[_last(place.path)]
        pictures.setdefault(label, []).append(place)
    return dict(sorted(pictures.items()))


def list_by_name(root: Path) -> dict[str, Place]:
    """Return the pictures below a root by file name, whatever folder or tar they are in.

    Raises RdmError for a missing root, one without pictures and two pictures of one name.
    """
    places = sorted(_places(root))
    if not places:
        raise RdmError(f"{root}: no picture in it; allowed: {' '.join(SUFFIXES)}")
    twice = [n for n, count in Counter(_last(p.path) for p in places).items() if count > 1]
    if twice:
        raise RdmError(f"{root}: more than one picture of a name: {some(twice)}")
    return {_last(place.path): place for place in places}


def read_labels(path: Path) -> dict[str, str]:
    """Return the class of each picture, by file name, from lines `picture class`."""
    try:
        lines = [line.split() for line in path.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise RdmError(f"{path}: cannot be read ({error})") from None
    for number, line in enumerate(lines, start=1):
        if len(line) != 2:
            raise RdmError(f"{path}: line {number} is {' '.join(line)!r}, allowed: picture class")
    twice = [name for name, count in Counter(name for name, _ in lines).items() if count > 1]
    if twice:
        raise RdmError(f"{path}: {some(twice)} more than once")
    return dict(lines)


def listing_signature(root: Path) -> str:
    """Return a hash over names, sizes and times of pictures and tars: cheap, changes with them."""
    if not root.exists():
        raise RdmError(f"{root}: no such folder or tar")
    files = [("", root)] if root.is_file() else [(path, root / path) for path in _files(root)]
    digest = hashlib.sha256()
    for name, path in sorted(files):
        status = path.stat()
        digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _places(root: Path) -> Iterator[Place]:
    if root.is_file():
        yield from _in_tar(root, archive="", prefix="")
        return
    if not root.is_dir():
        raise RdmError(f"{root}: no such folder or tar; expected one folder of pictures per class")
    for path in _files(root):
        if path.endswith(TAR):
            yield from _in_tar(root / path, archive=path, prefix=f"{path.removesuffix(TAR)}/")
        else:
            yield Place(path)


def _in_tar(tar: Path, archive: str, prefix: str) -> Iterator[Place]:
    for member in list_members(tar):
        if _is_picture(_last(member.name)):
            yield Place(prefix + member.name, archive, member.offset, member.size)


def _files(root: Path) -> Iterator[str]:
    """Yield the pictures and tars below a folder, as paths relative to it."""
    for folder, folders, names in os.walk(root, followlinks=True):
        if folder == str(root):
            folders[:] = [name for name in folders if not name.startswith(".")]
        below = os.path.relpath(folder, root)
        for name in names:
            if _is_picture(name) or (name.endswith(TAR) and not name.startswith(".")):
                yield name if below == "." else f"{below}/{name}"


def _is_picture(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def _first(path: str) -> str:
    return path.partition("/")[0]


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _require_class_folders(root: Path, places: list[Place]) -> None:
    flat = [place.path for place in places if "/" not in place.path]
    if flat:
        raise RdmError(
            f"{root}: {some(flat)} in no class folder; for a split without such folders "
            "dataset.val_labels names a file of lines: picture class"
        )
    if root.is_dir():
        folders = {path.name for path in root.iterdir() if path.is_dir()}
        folders -= {name for name in folders if name.startswith(".")}
        empty = sorted(folders - {_first(place.path) for place in places})
        if empty:
            raise RdmError(f"{root}: no picture in {some(empty)}; allowed: {' '.join(SUFFIXES)}")


def _require_labels(
    root: Path, labels: Path | None, places: list[Place], class_of: dict[str, str]
) -> None:
    found = Counter(_last(place.path) for place in places)
    unlabelled = sorted(found.keys() - class_of.keys())
    missing = sorted(class_of.keys() - found.keys())
    twice = sorted(name for name, count in found.items() if count > 1)
    if unlabelled or missing or twice:
        raise RdmError(
            f"{root}, {labels}: each picture needs one line; without a line: {some(unlabelled)}; "
            f"without a picture: {some(missing)}; more than one of that name: {some(twice)}"
        )


def some(names: list[str]) -> str:
    """Return the first three names and how many more there are."""
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + rest if names else "-"
