"""A user's own images in ImageFolder layout: `root/<class>/**/*`, any common picture format."""

import hashlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from rdm_pipeline.artifacts import sha256
from rdm_pipeline.datasets.manifest import Manifest, RawFile, RawSplit, check_file
from rdm_pipeline.errors import RdmError
from rdm_pipeline.progress import tracked

SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm"
)  # fmt: skip
BLOCK = 256


def list_pictures(root: Path) -> dict[str, list[str]]:
    """Return, per class folder of `root` in sorted order, its pictures' paths relative to `root`.

    Hidden files are left out. Raises RdmError for a missing root, no class folder or an empty one.
    """
    if not root.is_dir():
        raise RdmError(f"{root}: no such folder; expected one folder of pictures per class in it")
    folders = sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not folders:
        raise RdmError(f"{root}: holds no folder; expected one folder of pictures per class")
    pictures = {folder.name: sorted(_pictures_under(folder, root)) for folder in folders}
    empty = [name for name, paths in pictures.items() if not paths]
    if empty:
        raise RdmError(f"{root}: no picture in {', '.join(empty)}; allowed: {' '.join(SUFFIXES)}")
    return pictures


def listing_signature(root: Path) -> str:
    """Return a hash over names, sizes and times of the pictures: cheap, changes when they do."""
    digest = hashlib.sha256()
    for paths in list_pictures(root).values():
        for path in paths:
            status = (root / path).stat()
            digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def manifest(train: Path, val: Path) -> Manifest:
    """Hash the pictures of both roots; RdmError if their classes differ."""
    listings = {"train": list_pictures(train), "val": list_pictures(val)}
    only_train = sorted(listings["train"].keys() - listings["val"].keys())
    only_val = sorted(listings["val"].keys() - listings["train"].keys())
    if only_train or only_val:
        raise RdmError(
            f"{train}, {val}: both need the same classes; only in train: "
            f"{', '.join(only_train) or '-'}; only in val: {', '.join(only_val) or '-'}"
        )
    splits = {"train": _describe(train, listings["train"]), "val": _describe(val, listings["val"])}
    return {"classes": list(listings["train"]), "splits": splits}


def read_rows(
    root: Path, split: RawSplit, rows: np.ndarray, resolution: int, channels: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield blocks of images (n,channels,resolution,resolution) uint8 and labels (n,) int64."""
    for start in range(0, len(rows), BLOCK):
        files = [split["files"][row] for row in rows[start : start + BLOCK]]
        images = [decode(check_file(root, file), resolution, channels) for file in files]
        yield np.stack(images), np.array([file["label"] for file in files], np.int64)


def decode(path: Path, resolution: int, channels: int) -> np.ndarray:
    """Return a picture as uint8 (channels,resolution,resolution).

    The picture is turned as its EXIF says, laid over white where it is transparent, cropped to the
    central square and resized (bicubic, antialiased); 16-bit grey is scaled to 8 bits; of an
    animation the first frame counts. Raises RdmError for what Pillow cannot read.
    """
    try:
        with Image.open(path) as file:
            upright = ImageOps.exif_transpose(file)
            image = _over_white(_eight_bits(upright)).convert("L" if channels == 1 else "RGB")
    except (OSError, ValueError, SyntaxError, struct.error, Image.DecompressionBombError) as error:
        raise RdmError(f"{path}: not a readable picture ({error})") from None
    square = ImageOps.fit(image, (resolution, resolution), Image.Resampling.BICUBIC)
    return np.asarray(square).reshape(resolution, resolution, channels).transpose(2, 0, 1)


def _pictures_under(folder: Path, root: Path) -> Iterator[str]:
    for place, _, names in os.walk(folder, followlinks=True):
        for name in names:
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                yield (Path(place) / name).relative_to(root).as_posix()


def _describe(root: Path, listing: dict[str, list[str]]) -> RawSplit:
    labelled = [(path, label) for label, paths in enumerate(listing.values()) for path in paths]
    files: list[RawFile] = [
        {"path": path, "sha256": sha256(root / path), "label": label}
        for path, label in tracked(labelled, f"hash {root.name}")
    ]
    return {"files": files, "count": len(files)}


def _eight_bits(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise ValueError("floating-point pixels; allowed: 8 or 16 bits")
    if not image.mode.startswith("I"):
        return image
    values = np.clip(np.asarray(image, np.int64), 0, 65535)
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))


def _over_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image
    picture = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
