"""The only module that opens an artifact file: atomic, deterministic, schema-checked.

Every write goes to a temporary name in the target's folder, is flushed to the disk, then renamed: a
killed job or a full disk leaves no file that a later run would trust.
"""

import contextlib
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import atomic, known_sha256
from rdm_pipeline.schemas import SCHEMAS
from rdm_pipeline.trust import check_arrays, plain, require_same

if TYPE_CHECKING:
    from torch import Tensor

Attribute = str | int | float | bool
Array = h5py.Dataset  # of an open file

LARGEST_JSON = 2**28  # bytes; ours are far below, and a parser takes many times as much

# --- writing ------------------------------------------------------------------------------------


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text."""
    with atomic(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def write_bytes(path: Path, data: bytes) -> None:
    """Write bytes as they are."""
    with atomic(path) as partial:
        partial.write_bytes(data)


def write_json(path: Path, value: Any) -> None:
    """Write JSON with sorted keys; NaN and infinity are errors, not text."""
    try:
        text = json.dumps(value, indent=2, sort_keys=True, allow_nan=False)
    except ValueError as error:
        raise RdmError(f"{path}: a value is not finite ({error}); nothing was written") from None
    write_text(path, text + "\n")


def write_json_lines(path: Path, values: Iterable[Any]) -> None:
    """Write one JSON value per line, with sorted keys, while they come."""
    with atomic(path) as partial, partial.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(value, sort_keys=True) + "\n" for value in values)


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[h5py.File]:
    """Yield a new HDF5 file whose writes fail when they fail.

    By default HDF5 keeps small writes in a buffer per array; an error in flushing it while the
    array is closed is ignored, and a full disk leaves a file with holes.
    """
    creation = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    creation.set_obj_track_times(False)
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fclose_degree(h5py.h5f.CLOSE_STRONG)
    access.set_sieve_buf_size(0)
    with h5py.File(h5py.h5f.create(os.fsencode(path), fcpl=creation, fapl=access)) as file:
        yield file
        file.flush()


@contextlib.contextmanager
def create_arrays(
    path: Path,
    kind: str,
    shapes: Mapping[str, tuple[int, ...]],
    attrs: Mapping[str, Attribute],
) -> Iterator[h5py.File]:
    """Yield an open HDF5 file of `kind` with empty arrays, to be filled block by block."""
    schema = SCHEMAS[kind]
    require_same(path, "arrays", schema.arrays, shapes)
    require_same(path, "attributes", schema.attrs, set(attrs) - set(schema.optional))
    with atomic(path) as partial, _new_file(partial) as file:
        file.attrs["kind"] = kind
        for name in sorted(attrs):
            file.attrs[name] = attrs[name]
        for name in sorted(shapes):
            file.create_dataset(name, shapes[name], schema.arrays[name][0], track_times=False)
        yield file


def write_arrays(
    path: Path, kind: str, arrays: Mapping[str, np.ndarray], attrs: Mapping[str, Attribute]
) -> None:
    """Write an HDF5 artifact of `kind` in one go; arrays are cast to the schema's dtypes."""
    shapes = {name: array.shape for name, array in arrays.items()}
    with create_arrays(path, kind, shapes, attrs) as file:
        for name, array in arrays.items():
            file[name][...] = array


def link_shards(path: Path, kind: str, shards: Sequence[Path]) -> None:
    """Write a virtual HDF5 artifact whose rows are those of `shards` in order.

    The hash of every shard is an attribute, so that the bytes of this small file change whenever
    the rows it stands for do.
    """
    schema = SCHEMAS[kind]
    first = read_attrs(shards[0], kind)
    shapes, left_out = zip(*(_describe(shard, kind, first) for shard in shards), strict=True)
    with atomic(path) as partial, _new_file(partial) as file:
        file.attrs["kind"] = kind
        for name, value in sorted(first.items()):
            file.attrs[name] = value
        file.attrs["shards"] = [os.path.relpath(shard, path.parent) for shard in shards]
        file.attrs["sha256"] = [known_sha256(shard) for shard in shards]
        if any(left_out):
            file.attrs["left_out"] = json.dumps([name for names in left_out for name in names])
        for name in sorted(schema.arrays):
            dtype = schema.arrays[name][0]
            rows = [shape[name] for shape in shapes]
            file.create_virtual_dataset(name, _layout(path, name, dtype, shards, rows))


def write_tensors(path: Path, tensors: "Mapping[str, Tensor]", about: Mapping[str, Any]) -> None:
    """Write safetensors; `about` is kept as one sorted JSON string, so that bytes do not vary."""
    from safetensors.torch import save_file

    metadata = {"rdm": json.dumps(about, sort_keys=True)}
    with atomic(path) as partial:
        save_file({k: v.detach().contiguous() for k, v in tensors.items()}, partial, metadata)


# --- reading ------------------------------------------------------------------------------------


@contextlib.contextmanager
def open_arrays(
    path: Path, kind: str, expect: Mapping[str, Attribute] | None = None
) -> Iterator[h5py.File]:
    """Yield a readable HDF5 artifact after checking kind, arrays, attributes and shards.

    `expect` names attributes that must have the given value, such as the encoder.
    """
    try:
        file = h5py.File(path, "r")
    except FileNotFoundError:
        raise RdmError(f"{path}: not there; make it first") from None
    except OSError as error:
        reason = str(error).splitlines()[0]
        raise RdmError(
            f"{path}: not a whole HDF5 file ({reason}); delete it and run again"
        ) from None
    with file:
        try:
            check_arrays(file, path, kind, expect or {})
        except (KeyError, OSError, RuntimeError, TypeError, ValueError) as error:
            raise RdmError(f"{path}: damaged ({error}); delete it and run again") from None
        yield file


def read_arrays(
    path: Path, kind: str, expect: Mapping[str, Attribute] | None = None
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read all arrays and attributes of an HDF5 artifact."""
    with open_arrays(path, kind, expect) as file:
        arrays = {name: file[name][...] for name in SCHEMAS[kind].arrays}
        return arrays, _attributes(file, kind)


def read_array(
    path: Path, kind: str, name: str, expect: Mapping[str, Attribute] | None = None
) -> np.ndarray:
    """Read one array of an HDF5 artifact."""
    with open_arrays(path, kind, expect) as file:
        return file[name][...]


def read_attrs(path: Path, kind: str) -> dict[str, Any]:
    """Read the attributes of an HDF5 artifact."""
    with open_arrays(path, kind) as file:
        return _attributes(file, kind)


def kind_of(path: Path) -> str:
    """Return the kind of an HDF5 artifact."""
    with h5py.File(path, "r") as file:
        return str(file.attrs.get("kind"))


def read_text(path: Path) -> str:
    """Read UTF-8 text."""
    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise RdmError(f"{path}: not text ({error}); delete it and run again") from None


def read_bytes(path: Path) -> bytes:
    """Read a file as it is."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise RdmError(f"{path}: not there; make it first") from None


def read_json(path: Path) -> Any:
    """Read a JSON artifact."""
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise RdmError(f"{path}: has {path.stat().st_size} bytes, allowed {LARGEST_JSON}")
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RdmError(f"{path}: not there; make it first") from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RdmError(f"{path}: not JSON ({error}); delete it and run again") from None


def read_json_lines(path: Path, numbers: Collection[int] | None = None) -> list[Any]:
    """Read all lines, or those of these numbers (from 0), in the file's order.

    Raises RdmError that names the file and the line, counted from 1, that is no JSON.
    """
    wanted, number, values = None if numbers is None else frozenset(numbers), 0, []
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file):
                if wanted is None or number in wanted:
                    values.append(json.loads(line))
    except FileNotFoundError:
        raise RdmError(f"{path}: not there; make it first") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise RdmError(f"{path}:{number + 1}: not JSON ({error})") from None
    return values


def read_tensors(path: Path) -> "tuple[dict[str, Tensor], dict[str, Any]]":
    """Read the tensors of a safetensors artifact and what was written about them."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            about = json.loads((file.metadata() or {}).get("rdm", "{}"))
    except FileNotFoundError:
        raise RdmError(f"{path}: not there; make it first") from None
    except (SafetensorError, json.JSONDecodeError, RecursionError) as error:
        raise RdmError(
            f"{path}: not a whole safetensors file ({error}); delete it and run again"
        ) from None
    return tensors, about


# --- parts --------------------------------------------------------------------------------------


def _describe(
    shard: Path, kind: str, first: Mapping[str, Any]
) -> tuple[dict[str, tuple[int, ...]], list[str]]:
    """Return a shard's shapes by array, and what it left out."""
    with open_arrays(shard, kind, first) as file:
        shapes = {name: file[name].shape for name in SCHEMAS[kind].arrays}
        left_out = json.loads(file.attrs.get("left_out", "[]"))
    if len({shape[0] for shape in shapes.values()}) != 1:
        raise RdmError(f"{shard}: arrays of different length {shapes}")
    return shapes, left_out


def _layout(
    path: Path, name: str, dtype: str, shards: Sequence[Path], shapes: Sequence[tuple[int, ...]]
) -> h5py.VirtualLayout:
    rows, tail = sum(shape[0] for shape in shapes), shapes[0][1:]
    layout = h5py.VirtualLayout((rows, *tail), dtype)
    layout.dcpl.set_obj_track_times(False)
    start = 0
    for shard, shape in zip(shards, shapes, strict=True):
        if shape[1:] != tail:
            raise RdmError(f"{shard}: rows of {name} have shape {shape[1:]}, expected {tail}")
        source = h5py.VirtualSource(os.path.relpath(shard, path.parent), name, shape)
        layout[start : start + shape[0]] = source
        start += shape[0]
    return layout


def _attributes(file: h5py.File, kind: str) -> dict[str, Any]:
    names = [*SCHEMAS[kind].attrs, *(n for n in SCHEMAS[kind].optional if n in file.attrs)]
    return {name: plain(file.attrs[name]) for name in names}
