"""Files that appear whole or not at all, and their hashes."""

import contextlib
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rdm_pipeline.errors import RdmError

# What a full disk, a full quota and a file-size limit are called; h5py and safetensors pass these
# words on, but not always as an OSError.
NO_SPACE = tuple(os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG))

LARGE = 2**24  # bytes from which on a hash is noted: less is read faster than a note


# --- whole or absent ----------------------------------------------------------------------------


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` for a file or a folder; rename it on success.

    On failure it is removed, and what was at `path` stays. RdmError for a full disk.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    partial = path.parent / f".{path.name}.{os.getpid()}.partial"
    try:
        yield partial
        if partial.is_dir():  # not flushed file by file: there may be thousands
            remove(path)
        else:
            with partial.open("rb+") as file:
                os.fsync(file.fileno())
        partial.replace(path)
    except Exception as error:
        reason = next((words for words in NO_SPACE if words in str(error)), None)
        if reason is None:
            raise
        raise RdmError(f"{path}: not written: {reason}") from None
    finally:
        remove(partial)


def write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder of files, by their path within it, in place of what is there: all or none."""
    with atomic(path) as partial:
        for name, data in files.items():
            (partial / name).parent.mkdir(parents=True, exist_ok=True)
            (partial / name).write_bytes(data)


def remove(path: Path) -> None:
    """Remove a file, or a folder with all in it, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _remove_leftovers(path: Path) -> None:
    """Remove what killed writers of the same file left: a shard of images is gigabytes."""
    for partial in path.parent.glob(f".{path.name}.*.partial"):
        process = partial.name.split(".")[-2]
        if process.isdigit() and not _is_running(int(process)):
            remove(partial)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


# --- hashes -------------------------------------------------------------------------------------


def sha256(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def known_sha256(path: Path) -> str:
    """Return the SHA-256 of an artifact; a large one is read only if it has changed.

    Its hash is noted in a hidden file beside it, with its size, its inode and the time of its last
    change, which no program can set back. Not for files of the user's own, beside
    which nothing may be written.
    """
    state = _state(path)
    if state["size"] < LARGE:
        return sha256(path)
    note = path.with_name(f".{path.name}.sha256")
    known = _noted(note)
    if known and all(known.get(key) == value for key, value in state.items()):
        return str(known["sha256"])
    found = sha256(path)
    if _state(path) == state:
        _note(note, {**state, "sha256": found})
    return found


def digest(path: Path) -> str:
    """Return the SHA-256 of an artifact; of a folder, over its sorted relative names and hashes."""
    if not path.is_dir():
        return known_sha256(path)
    total = hashlib.sha256()
    for file in _files(path):
        total.update(f"{file.relative_to(path).as_posix()}\0{sha256(file)}\n".encode())
    return total.hexdigest()


def full_digest(path: Path) -> str:
    """Return the same as `digest`, from the bytes alone, whatever has been noted."""
    return digest(path) if path.is_dir() else sha256(path)


def size(path: Path) -> int:
    """Return the bytes of a file or of all files in a folder."""
    return sum(file.stat().st_size for file in (_files(path) if path.is_dir() else [path]))


def _files(folder: Path) -> list[Path]:
    # Snakemake puts a hidden file into a folder that a rule makes, after the verb has recorded it.
    files = (file for file in folder.rglob("*") if file.name != ".snakemake_timestamp")
    return sorted(file for file in files if file.is_file())


def _state(path: Path) -> dict[str, int]:
    status = path.stat()
    return {"size": status.st_size, "inode": status.st_ino, "changed": status.st_ctime_ns}


def _noted(note: Path) -> dict[str, Any] | None:
    try:
        known = json.loads(note.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return known if isinstance(known, dict) and "sha256" in known else None


def _note(note: Path, known: dict[str, Any]) -> None:
    # A note saves time and nothing else: where it cannot be written, the next reader hashes again.
    with contextlib.suppress(OSError, RdmError), atomic(note) as partial:
        partial.write_text(json.dumps(known), "utf-8")
