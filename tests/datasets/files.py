"""Pictures on disk, in folders and in tars."""

import io
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image


def save(path: Path, values, mode=None, **options) -> Path:
    """Write pixels or a picture, in another mode if asked to."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = values if isinstance(values, Image.Image) else Image.fromarray(np.asarray(values))
    (image.convert(mode) if mode else image).save(path, **options)
    return path


def flat(value, size=(8, 8)) -> Image.Image:
    """A picture of one colour: a number is grey, three are RGB, four RGBA."""
    mode = {int: "L", tuple: "RGB" if isinstance(value, tuple) and len(value) == 3 else "RGBA"}
    return Image.new(mode[type(value)], size, value)


def tar_of(folder: Path, names=None) -> bytes:
    """A tar of a folder's files, in an order that is not sorted."""
    names = names or sorted(
        (str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()),
        reverse=True,
    )
    return tar_with({name: (folder / name).read_bytes() for name in names})


def tar_with(contents: dict[str, bytes]) -> bytes:
    """A tar of files with the given names and contents."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def tar_of_tars(root: Path) -> bytes:
    """A tar of one tar per class folder, as ILSVRC2012_img_train.tar is."""
    folders = sorted(path for path in root.iterdir() if path.is_dir())
    return tar_with({f"{folder.name}.tar": tar_of(folder) for folder in folders})
