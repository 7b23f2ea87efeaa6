"""Where the files of a tar archive lie in it, so that they are read without being unpacked."""

import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

from rdm_pipeline.errors import RdmError


class Member(NamedTuple):
    """A file in an archive: its name without `./`, its first byte in the archive, its length."""

    name: str
    offset: int
    size: int


def list_members(path: Path) -> list[Member]:
    """Return the plain files of an uncompressed tar, those of tars inside it under their stem.

    ILSVRC2012_img_train.tar is such a tar of tars: `n01440764.tar` holds
    `n01440764_18.JPEG`, which is listed as `n01440764/n01440764_18.JPEG`. Raises RdmError for a
    link, a device or a name that leads elsewhere, and for an archive that is cut or compressed.
    """
    try:
        with path.open("rb") as file:
            return list(_members(file, str(path), 0, path.stat().st_size))
    except OSError as error:
        raise RdmError(f"{path}: cannot be read ({error.strerror})") from None


def _members(file: BinaryIO, archive: str, start: int, end: int) -> Iterator[Member]:
    """Yield the files of the tar that occupies bytes [start, end) of `file`."""
    for member in _entries(file, archive, start, end):
        name = _plain_name(member, archive)
        inner = PurePosixPath(name)
        if inner.suffix != ".tar":
            yield Member(name, member.offset_data, member.size)
            continue
        first, last = member.offset_data, member.offset_data + member.size
        for found in _members(file, f"{archive}: {name}", first, last):
            yield found._replace(name=f"{inner.with_suffix('')}/{found.name}")


def _entries(file: BinaryIO, archive: str, start: int, end: int) -> Iterator[tarfile.TarInfo]:
    file.seek(start)
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            while (member := tar.next()) is not None:
                tar.members.clear()  # type: ignore[attr-defined]  # it keeps all that it saw
                if member.offset_data + member.size > end:
                    break
                if not member.isdir():
                    yield member
            # tarfile takes a damaged header in the middle for the end
            file.seek(tar.offset)
            whole = tar.offset < end and file.read(tarfile.BLOCKSIZE) == bytes(tarfile.BLOCKSIZE)
    except tarfile.TarError as error:
        raise RdmError(f"{archive}: not a whole uncompressed tar ({error})") from None
    if not whole:
        raise RdmError(f"{archive}: not a whole uncompressed tar (no end mark)")


def _plain_name(member: tarfile.TarInfo, archive: str) -> str:
    if not member.isreg() or member.issparse():
        raise RdmError(f"{archive}: {member.name} is a link, a device or sparse; allowed: files")
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts:
        raise RdmError(f"{archive}: {member.name} leads out of the archive; allowed: class/picture")
    return str(name)
