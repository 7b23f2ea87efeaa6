"""Scores over device-hours (Fig. 1), from scores and costs on disk; a run's snapshot."""

import csv
from pathlib import Path

import PIL.Image
import pytest
import torch

from rdm_pipeline.artifacts import read_tensors, write_json, write_tensors
from rdm_pipeline.errors import RdmError
from rdm_pipeline.verbs import costs, snapshot

PARAMS = costs.Params(
    runs=["irdm", "other"],
    snapshots={"irdm": [2, 4], "other": []},
    labels={"irdm": "iRDM", "other": "Other"},
    published={"irdm": "iRDM"},
    panel=["a", "b", "c"],
    held_out=["c"],
)
COLUMN = "paper (ImageNet-256, 14 other encoders)"


def write_costs(path: Path, steps: list[int]) -> Path:
    reached = [{"step": n, "images": 64 * n, "device_hours": n / 8} for n in steps]
    write_json(path, {"device": "CPU", "reached": reached})
    return path


def outputs(folder: Path) -> dict[str, Path]:
    return {name: folder / f"fig1.{name}" for name in ("csv", "markdown", "latex", "picture")}


def metrics(folder: Path) -> list[Path]:
    """Scores a, b, c of the generators in the order in which they are given: k, k + 1, k + 5."""
    for k in range(1, 7):
        write_json(folder / f"{k}.json", {"sw": {"a": float(k), "b": k + 1.0, "c": k + 5.0}})
    return [folder / f"{k}.json" for k in range(1, 7)]


def test_each_run_has_a_row_per_snapshot_from_what_it_started_from_to_its_end(tmp_path):
    told = [write_costs(tmp_path / "irdm.json", [2, 4, 6]), write_costs(tmp_path / "o.json", [3])]
    costs.run(PARAMS, metrics=metrics(tmp_path), costs=told, **outputs(tmp_path))
    with (tmp_path / "fig1.csv").open() as file:
        rows = {row["run"]: row for row in csv.DictReader(file)}
    names = [f"iRDM, step {n}" for n in (0, 2, 4, 6)] + ["Other, step 0", "Other, step 3"]
    assert list(rows) == names
    assert [float(row["device-hours"]) for row in rows.values()] == [0, 0.25, 0.5, 0.75, 0, 0.375]
    assert [float(row["SW_r3"]) for row in rows.values()] == [3, 4, 5, 6, 7, 8]
    second = rows["iRDM, step 2"]
    assert (second["images"], second["device"]) == ("128", "CPU")
    assert (float(second["training mean"]), float(second["held-out mean"])) == (2.5, 7)
    # the paper's number stands at the end of the run of its name, and nowhere else
    assert [name for name, row in rows.items() if row[COLUMN]] == ["iRDM, step 6"]
    assert rows["iRDM, step 6"][COLUMN] == "1.3"
    assert rows["iRDM, step 6"]["paper, H200-hours"] == "80.0"
    assert "another setting" in (tmp_path / "fig1.markdown").read_text()


def test_the_picture_follows_hours_and_scores_and_is_the_same_bytes_every_time(tmp_path):
    scores, pictures = metrics(tmp_path), []
    other = write_costs(tmp_path / "other.json", [3])
    for last in (6, 6, 8):
        told = [write_costs(tmp_path / "irdm.json", [2, 4, last]), other]
        costs.run(PARAMS, metrics=scores, costs=told, **outputs(tmp_path))
        pictures.append((tmp_path / "fig1.picture").read_bytes())
    assert pictures[0] == pictures[1] != pictures[2]
    with PIL.Image.open(tmp_path / "fig1.picture") as picture:
        assert picture.size == (900, 480)


def test_costs_of_other_steps_than_the_snapshots_are_refused(tmp_path):
    told = [write_costs(tmp_path / "i.json", [2, 5, 6]), write_costs(tmp_path / "o.json", [3])]
    with pytest.raises(RdmError, match=r"i\.json: found steps \[2, 5, 6\], expected \[2, 4\], end"):
        costs.run(PARAMS, metrics=metrics(tmp_path), costs=told, **outputs(tmp_path))
    assert not (tmp_path / "fig1.csv").exists()


def test_a_snapshot_is_taken_by_its_step(tmp_path):
    for step in (2, 4):
        told = {"generator": {"kind": "decoder"}}
        write_tensors(tmp_path / f"{step}.safetensors", {"w": torch.full((2,), float(step))}, told)
    taken = tmp_path / "taken.safetensors"
    snapshot.run(snapshot.Params(step=4), snapshots=tmp_path, generator=taken)
    assert taken.read_bytes() == (tmp_path / "4.safetensors").read_bytes()
    assert read_tensors(taken)[0]["w"].tolist() == [4, 4]
    with pytest.raises(RdmError, match=r"6\.safetensors: not there; make it first"):
        snapshot.run(snapshot.Params(step=6), snapshots=tmp_path, generator=taken)
