"""The largest difference of two artifacts is named by its place, in every kind of file."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rdm_pipeline.artifacts import write_arrays, write_json, write_tensors
from rdm_pipeline.lineage.difference import Difference, largest_difference

MARKDOWN = "## Table 1\n\n| run | SW_r3 | judge |\n| iRDM | {} | 0.5 |\n"
CSV = '"run",SW_r3,judge\n"iRDM, a run",{},0.5\n'


def features(path: Path, number: float) -> None:
    rows = np.ones((4, 3), "float32")
    rows[2, 1] = number
    about = {"encoder": "sup", "pool": "avg", "resolution": 28}
    write_arrays(path, "features", {"features": rows}, about)


def weights(path: Path, number: float) -> None:
    bias = torch.tensor([1.0, number], dtype=torch.bfloat16)
    write_tensors(path, {"weight": torch.ones(2, 2), "bias": bias}, {"encoder": "sup"})


def picture(path: Path, number: float) -> None:
    pixels = np.full((5, 4), 200, "uint8")
    pixels[3, 2] = number
    Image.fromarray(pixels).save(path)


def scores(path: Path, number: float) -> None:
    write_json(path, {"sw": {"sup": 1.5, "pixels": number}, "steps": [1, 2], "kind": "mmd"})


def text(form: str) -> Callable[[Path, float], None]:
    return lambda path, number: path.write_text(form.format(number)) and None


def snapshots(path: Path, number: float) -> None:
    for step, at in ((2, 1.0), (4, number)):
        weights(path / f"{step}.safetensors", at)
    (path / ".snakemake_timestamp").touch()


@pytest.mark.parametrize(
    ("name", "write", "old", "new", "told"),
    [
        ("x.h5", features, 1, 0.5, Difference("features[2, 1]", "1", "0.5", 0.5)),
        ("x.safetensors", weights, 2, 4, Difference("bias[1]", "2", "4", 0.5)),
        ("kept", snapshots, 2, 4, Difference("4.safetensors bias[1]", "2", "4", 0.5)),
        ("x.png", picture, 200, 100, Difference("pixels[3, 2, 0]", "200", "100", 100 / 255)),
        ("x.json", scores, 4, 3, Difference("sw.pixels", "4", "3", 0.25)),
        ("x.csv", text(CSV), 2.0, 2.5, Difference("iRDM, a run,SW_r3", "2", "2.5", 0.2)),
        ("x.md", text(MARKDOWN), 2.0, 1.0, Difference("line 4, number 1", "2", "1", 0.5)),
    ],
)
def test_a_changed_number_is_named_with_both_values(tmp_path, name, write, old, new, told):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, number in ((first, old), (second, new)):
        folder.mkdir()
        write(folder / name, number)
    assert largest_difference(first / name, first / name) is None
    assert largest_difference(first / name, second / name) == told


def test_of_many_differences_the_largest_is_told(tmp_path):
    for name, low, high in (("a", 1.0, 100.0), ("b", 1.1, 300.0)):
        write_json(tmp_path / f"{name}.json", {"low": low, "high": high})
    found = largest_difference(tmp_path / "a.json", tmp_path / "b.json")
    assert found is not None
    assert (found.where, found.relative) == ("high", pytest.approx(2 / 3))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, Difference("b", "nothing", "numbers", math.inf)),
        ({"a": "x"}, {"a": "y"}, Difference("a", '"\\"x\\""', '"\\"y\\""', math.inf)),
        ({"a": 1}, {"a": True}, Difference("a", "numbers", '"true"', math.inf)),
    ],
)
def test_what_is_no_number_differs_by_more_than_any_tolerance(tmp_path, old, new, told):
    write_json(tmp_path / "a.json", old)
    write_json(tmp_path / "b.json", new)
    assert largest_difference(tmp_path / "a.json", tmp_path / "b.json") == told


def test_other_shapes_and_other_words_are_told(tmp_path):
    for name, rows in (("a", 2), ("b", 3)):
        write_tensors(tmp_path / f"{name}.safetensors", {"w": torch.zeros(rows)}, {})
    found = largest_difference(tmp_path / "a.safetensors", tmp_path / "b.safetensors")
    assert found == Difference("w", "(2,)", "(3,)", math.inf)
    (tmp_path / "a.md").write_text("iRDM 1")
    (tmp_path / "b.md").write_text("VAE 1")
    found = largest_difference(tmp_path / "a.md", tmp_path / "b.md")
    assert found == Difference("text", '"iRDM #"', '"VAE #"', math.inf)


def test_bytes_beside_the_values_differ_by_nothing(tmp_path):
    (tmp_path / "a.json").write_text('{"a": 1}')
    (tmp_path / "b.json").write_text('{"a":1}')
    found = largest_difference(tmp_path / "a.json", tmp_path / "b.json")
    assert found is not None
    assert found.relative == 0


@pytest.mark.parametrize("name", ["x.h5", "x.safetensors", "x.json", "x.csv", "x.png"])
def test_a_file_that_cannot_be_read_differs_by_more_than_any_tolerance(tmp_path, name):
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    (tmp_path / "first" / name).write_bytes(b"\xff\xfe junk")
    (tmp_path / "second" / name).write_bytes(b"\xff\xfe other junk")
    found = largest_difference(tmp_path / "first" / name, tmp_path / "second" / name)
    assert found is not None
    assert found.relative == math.inf


def test_folders_are_compared_file_by_file(tmp_path):
    for name in ("first", "second"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub/file").write_text(name)
        (tmp_path / name / "same").write_text("same")
    found = largest_difference(tmp_path / "first", tmp_path / "second")
    assert found is not None
    assert found.where == "sub/file"
