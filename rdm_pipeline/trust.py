"""What an HDF5 file must be before its arrays are believed: a stranger may have made it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import known_sha256
from rdm_pipeline.schemas import SCHEMAS

# Attributes of our own beside those of the schema: `left_out` names rows that could not be made.
BOOKKEEPING = frozenset({"kind", "shards", "sha256", "left_out"})


def check_arrays(file: h5py.File, path: Path, kind: str, expect: Mapping[str, Any]) -> None:
    """Refuse a file that is not of `kind`, whole, with the attributes expected and its shards."""
    found = file.attrs.get("kind")
    if found != kind:
        raise RdmError(f"{path}: found an artifact of kind {found!r}, expected {kind!r}")
    schema = SCHEMAS[kind]
    require_same(path, "arrays", schema.arrays, file.keys())
    free = BOOKKEEPING.union(schema.optional)
    require_same(path, "attributes", schema.attrs, set(file.attrs) - free)
    for name, (dtype, axes) in schema.arrays.items():
        array = file[name]
        if array.dtype != dtype or array.ndim != axes:
            raise RdmError(
                f"{path}: {name} is {array.dtype} with {array.ndim} axes, "
                f"expected {dtype} with {axes}"
            )
    for name, value in expect.items():
        found = plain(file.attrs.get(name))
        if found != value:
            raise RdmError(f"{path}: {name} is {found!r}, expected {value!r}")
    shards = [str(shard) for shard in file.attrs.get("shards", [])]
    for shard, digest in zip(shards, file.attrs.get("sha256", []), strict=True):
        if Path(shard).is_absolute() or ".." in Path(shard).parts:
            raise RdmError(f"{path}: its shard {shard} lies outside {path.parent}")
        # HDF5 reads a missing shard of a virtual array as zeros, without a word.
        _check_link(path, path.parent / shard, digest)
    for name in schema.arrays:
        _check_bytes(file, path, name, shards)


def _check_bytes(file: h5py.File, path: Path, name: str, shards: Sequence[str]) -> None:
    """Refuse an array whose bytes are neither in the file nor in the shards that it names.

    A stranger's file may point to any other, or say that it is larger than any memory.
    """
    array = file[name]
    sources = {source.file_name for source in array.virtual_sources()} if array.is_virtual else ()
    linked = not isinstance(file.get(name, getlink=True), h5py.HardLink) or array.external
    if linked or set(sources) - set(shards):
        raise RdmError(f"{path}: {name} lies in another file, allowed: in it or in its shards")
    places = [path.parent / shard for shard in shards] if array.is_virtual else [path]
    held = sum(place.stat().st_size for place in places)
    if array.nbytes > held:
        raise RdmError(f"{path}: {name} says {array.nbytes} bytes, the file holds {held}")


def _check_link(path: Path, shard: Path, digest: str) -> None:
    if not shard.exists():
        raise RdmError(f"{path}: its shard {shard} is missing; make it again")
    if known_sha256(shard) != digest:
        raise RdmError(f"{path}: its shard {shard} has changed since; make {path.name} again")


def require_same(path: Path, what: str, expected: Any, found: Any) -> None:
    """Refuse names other than those expected."""
    if set(expected) != set(found):
        raise RdmError(f"{path}: {what} are {sorted(found)}, expected {sorted(expected)}")


def plain(value: Any) -> Any:
    """Return an attribute's value as Python's own type."""
    return value.item() if isinstance(value, np.generic) else value
