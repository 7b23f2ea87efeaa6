"""How far two artifacts of one name are apart: where, and by how much."""

import csv
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rdm_pipeline.artifacts import kind_of, read_arrays, read_json, read_tensors
from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import full_digest, sha256

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")

Value = np.ndarray | str
Values = Mapping[str, Value]


@dataclass(frozen=True)
class Difference:
    """A place in two artifacts, what is there, and by how much it differs.

    `relative`: the gap over the largest magnitude in the array, infinite where there is no number.
    """

    where: str
    old: str
    new: str
    relative: float


def largest_difference(old: Path, new: Path) -> Difference | None:
    """Return where two artifacts differ most; None if their bytes are the same."""
    if not old.exists():
        return Difference("the file", "nothing", "a file", math.inf)
    if full_digest(old) == full_digest(new):
        return None
    try:
        before, after = _values(old), _values(new)
    except (RdmError, OSError, ValueError):  # an edited file
        return Difference("the file", "not readable", "a whole one", math.inf)
    gaps = (_gap(name, before.get(name), after.get(name)) for name in {**before, **after})
    found = [gap for gap in gaps if gap]
    alike = Difference("bytes that are none of its values", "some", "others", 0.0)
    return max(found, key=lambda gap: gap.relative, default=alike)


def _gap(name: str, old: Value | None, new: Value | None) -> Difference | None:
    if not isinstance(old, np.ndarray) or not isinstance(new, np.ndarray):
        return None if _is_same(old, new) else Difference(name, _said(old), _said(new), math.inf)
    if old.shape != new.shape:
        return Difference(name, str(old.shape), str(new.shape), math.inf)
    gaps = np.abs(new - old)
    if not gaps.size or not gaps.max():
        return None
    place = np.unravel_index(gaps.argmax(), gaps.shape)
    scale = max(np.abs(old).max(), np.abs(new).max())
    where = name + (str([int(i) for i in place]) if place else "")
    return Difference(where, f"{old[place]:.6g}", f"{new[place]:.6g}", float(gaps.max() / scale))


def _is_same(old: Any, new: Any) -> bool:
    return isinstance(old, str) and old == new


def _said(value: Value | None) -> str:
    if value is None:
        return "nothing"
    return json.dumps(value[:40], ensure_ascii=False) if isinstance(value, str) else "numbers"


def _values(path: Path) -> Values:
    """Return what an artifact holds by name: numbers as float64, anything else as text."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        return {
            f"{file.relative_to(path).as_posix()} {key}".strip(): value
            for file in files
            for key, value in _values_inside(file).items()
        }
    match path.suffix:
        case ".h5":
            arrays, attrs = read_arrays(path, kind_of(path))
            numbers = {name: array.astype(float) for name, array in arrays.items()}
            return {**numbers, **_leaves(attrs, "attributes")}
        case ".safetensors":
            tensors, about = read_tensors(path)
            numbers = {name: tensor.double().numpy() for name, tensor in tensors.items()}
            return {**numbers, **_leaves(about, "about")}
        case ".json":
            return _leaves(read_json(path), "")
        case ".csv":
            return _cells(path)
        case ".png":
            return {"pixels": _pixels(path)}
    return _words(path.read_text("utf-8"))


def _values_inside(file: Path) -> Values:
    """Return what a file of a folder holds: snapshots are read, raw data is hashed."""
    return _values(file) if file.suffix == ".safetensors" else {"": sha256(file)}


def _leaves(tree: Any, key: str) -> dict[str, Value]:
    if isinstance(tree, list):
        tree = dict(enumerate(tree))
    if isinstance(tree, Mapping):
        return {
            name: value
            for part, child in tree.items()
            for name, value in _leaves(child, f"{key}.{part}".strip(".")).items()
        }
    is_number = isinstance(tree, int | float) and not isinstance(tree, bool)
    return {key: np.asarray(float(tree)) if is_number else json.dumps(tree)}


def _cells(path: Path) -> dict[str, Value]:
    header, *rows = csv.reader(path.read_text("utf-8").splitlines())
    return {
        f"{row[0]},{column}": np.asarray(float(text)) if NUMBER.fullmatch(text) else text
        for row in rows
        for column, text in zip(header, row, strict=True)
    }


def _pixels(path: Path) -> np.ndarray:
    from PIL import Image

    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGBA"), float)


def _words(text: str) -> dict[str, Value]:
    """Return the numbers of a text one by one, and the text around them."""
    values: dict[str, Value] = {"text": NUMBER.sub("#", text)}
    for line, words in enumerate(text.splitlines(), start=1):
        for place, number in enumerate(NUMBER.findall(words), start=1):
            values[f"line {line}, number {place}"] = np.asarray(float(number))
    return values
