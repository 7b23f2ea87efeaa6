"""GenEval from captions to table, and a scorer in an environment of its own."""

import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rdm_pipeline.artifacts import read_arrays, read_json, read_json_lines, write_arrays, write_json
from rdm_pipeline.datasets.scene_prompts import all_prompts
from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import sha256
from rdm_pipeline.params.dataset import Scenes
from rdm_pipeline.params.geneval import ScorerCommand
from rdm_pipeline.verbs import (
    captions,
    fetch,
    geneval,
    geneval_detect,
    geneval_layout,
    geneval_prompts,
    geneval_real,
    geneval_scorer,
    geneval_seeds,
    geneval_sheet,
    geneval_table,
)

SAMPLES = 2
DATASET = Scenes.model_validate(
    {
        "kind": "scenes",
        "name": "scenes",
        "seed": 0,
        "resolution": 32,
        "limits": {"train": 1530, "val": 12},
        "shards": {"train": 1, "val": 1},
    }
)
# Writes what the official scorer writes: whatever order, full paths, further keys.
SCORER = """
import json, os, sys
from pathlib import Path
images, results = map(Path, sys.argv[1:3])
lines = []
for picture in sorted(images.glob("*/samples/*.png"), reverse=True):
    told = json.loads((picture.parents[1] / "metadata.jsonl").read_text())
    lines.append({"filename": str(picture), "tag": told["tag"], "prompt": told["prompt"],
                  "correct": picture.name == "0000.png", "reason": os.environ.get("PYTHONPATH", ""),
                  "metadata": json.dumps(told), "details": "{}"})
results.write_text("".join(json.dumps(line) + chr(10) for line in lines[int(sys.argv[3]):]))
sys.exit(int(sys.argv[4]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Captions, prompts, and images in which all of them are true."""
    made = tmp_path_factory.mktemp("geneval")
    fetch.run(fetch.Params(dataset=DATASET), raw=made / "raw")
    files = {name: made / f"{name}.jsonl" for name in ("train", "val")}
    captions.run(captions.Params(dataset=DATASET), raw=made / "raw", **files)
    geneval_prompts.run(geneval_prompts.Params(), metadata=made / "metadata.jsonl")
    real = geneval_real.Params(dataset=DATASET, samples=1, seed=46_000_000)
    geneval_real.run(real, metadata=made / "metadata.jsonl", images=made / "real.h5")
    return made


@pytest.fixture(scope="module")
def few(tmp_path_factory) -> Path:
    """Three prompts of an official file with two noisy images each."""
    made = tmp_path_factory.mktemp("few")
    told = [all_prompts()[row] for row in (0, 20, 70)]
    (made / "official.jsonl").write_text("".join(json.dumps(each) + "\n" for each in told))
    geneval_prompts.run(
        geneval_prompts.Params(prompts=str(made / "official.jsonl")),
        metadata=made / "metadata.jsonl",
    )
    pixels = np.random.default_rng(0).integers(0, 256, (6, 3, 8, 8), np.uint8)
    write_samples(
        made / "samples.h5", pixels, [0, 0, 1, 1, 2, 2], [each["prompt"] for each in told]
    )
    layout = geneval_layout.Params(samples=SAMPLES)
    geneval_layout.run(
        layout, images=made / "samples.h5", metadata=made / "metadata.jsonl", folder=made / "images"
    )
    return made


def write_samples(path: Path, pixels: np.ndarray, labels: list[int], prompts: list[str]) -> None:
    arrays = {"images": pixels, "labels": np.array(labels)}
    write_arrays(path, "images", arrays, {"classes": json.dumps(prompts)})


# --- captions -----------------------------------------------------------------------------------


def test_captions_are_those_of_the_images_row_by_row(folder):
    classes = read_json(folder / "raw/manifest.json")["classes"]
    rows = read_json_lines(folder / "train.jsonl")
    assert len(rows) == 1530 and len(read_json_lines(folder / "val.jsonl")) == 12
    assert all(classes[row["label"]] == row["prompt"] for row in rows)
    assert {row["prompt"] for row in rows} == set(classes)
    assert all({"tag", "include"} <= row.keys() and "scene" not in row for row in rows)


# --- images to scores ---------------------------------------------------------------------------


def test_real_scenes_are_all_right_and_the_share_of_prompts_trained_on_is_told(folder):
    params = geneval_detect.Params(samples=1)
    files = {"metadata": folder / "metadata.jsonl", "results": folder / "exact.jsonl"}
    geneval_detect.run(params, images=folder / "real.h5", **files)
    scores, blind = folder / "scores.json", folder / "blind.json"
    params = geneval.Params(samples=1)
    geneval.run(params, pools=[folder / "train.jsonl"], scores=scores, **files)
    found = read_json(scores)
    assert set(found["all"]["tasks"].values()) == {1.0}
    assert (found["all"]["overall"], found["held_out"]["overall"]) == (1.0, 1.0)
    assert (found["all"]["prompts"], found["held_out"]["prompts"]) == (460, 130)
    assert found["all"]["images"] == 460
    assert found["contamination"] == pytest.approx(330 / 460)

    geneval.run(params, pools=[], scores=blind, **files)
    found = read_json(blind)
    assert (found["held_out"], found["contamination"]) == (None, None)


def test_images_of_other_prompts_are_mostly_wrong(folder):
    arrays, attrs = read_arrays(folder / "real.h5", "images")
    moved = folder / "moved.h5"
    pixels = np.roll(arrays["images"], 31, axis=0)
    write_samples(moved, pixels, arrays["labels"].tolist(), json.loads(attrs["classes"]))
    params, results = geneval_detect.Params(samples=1), folder / "moved.jsonl"
    geneval_detect.run(params, images=moved, metadata=folder / "metadata.jsonl", results=results)
    lines = read_json_lines(results)
    assert np.mean([line["correct"] for line in lines]) < 0.1
    assert all(line["correct"] == (not line["reason"]) for line in lines)
    boxes = [json.loads(line["details"]) for line in lines]
    assert all(len(box) == 5 for seen in boxes for found in seen.values() for box in found)


def test_images_that_are_not_so_many_of_each_prompt_are_refused(few, tmp_path):
    pixels = np.zeros((6, 3, 8, 8), np.uint8)
    write_samples(tmp_path / "a.h5", pixels, [0, 1, 2, 0, 1, 2], ["a", "b", "c"])
    with pytest.raises(RdmError, match="2 images of each of 3 prompts"):
        geneval_detect.run(
            geneval_detect.Params(samples=2),
            images=tmp_path / "a.h5",
            metadata=few / "metadata.jsonl",
            results=tmp_path / "r.jsonl",
        )


# --- the official scorer ------------------------------------------------------------------------


def test_the_layout_is_the_official_one(few):
    pixels = read_arrays(few / "samples.h5", "images")[0]["images"]
    found = sorted(str(path.relative_to(few / "images")) for path in few.glob("images/*/*"))
    assert found == [
        f"{row:05}/{name}" for row in range(3) for name in ("metadata.jsonl", "samples")
    ]
    told = [json.loads(line) for line in (few / "official.jsonl").read_text().splitlines()]
    for row in range(3):
        assert json.loads((few / f"images/{row:05}/metadata.jsonl").read_text()) == told[row]
    picture = np.asarray(Image.open(few / "images/00001/samples/0001.png"))
    assert np.array_equal(picture.transpose(2, 0, 1), pixels[3])


def score(few: Path, results: Path, skipped: int = 0, status: int = 0, **changes: Any) -> None:
    command = [sys.executable, "-c", SCORER, "{images}", "{results}", str(skipped), str(status)]
    told = {"kind": "scorer", "label": "official", "command": command, "files": [], **changes}
    params = geneval_scorer.Params(detector=ScorerCommand.model_validate(told), samples=SAMPLES)
    files = {"folder": few / "images", "metadata": few / "metadata.jsonl"}
    geneval_scorer.run(params, results=results, **files)


def test_a_scorer_runs_without_this_environment_and_its_lines_come_in_order(
    few, tmp_path, monkeypatch
):
    monkeypatch.setenv("PYTHONPATH", "ours")
    score(few, tmp_path / "r.jsonl")
    lines = read_json_lines(tmp_path / "r.jsonl")
    names = [f"{row:05}/samples/{k:04}.png" for row in range(3) for k in range(2)]
    assert [line["filename"] for line in lines] == names
    assert [line["correct"] for line in lines] == [True, False] * 3
    assert {line["reason"] for line in lines} == {""}
    again = tmp_path / "again.jsonl"
    score(few, again)
    assert again.read_bytes() == (tmp_path / "r.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"skipped": 1}, "results of official: found 1 images of"),
        ({"status": 3}, "ended with status 3"),
        ({"command": ["no-such-scorer", "{images}", "{results}"]}, "no-such-scorer: cannot be run"),
        ({"command": ["true", "{images}", "{results}"]}, "not there"),
    ],
)
def test_a_scorer_that_fails_or_leaves_images_out_is_refused(few, tmp_path, changes, complaint):
    with pytest.raises(RdmError, match=complaint):
        score(few, tmp_path / "r.jsonl", **changes)
    assert not (tmp_path / "r.jsonl").exists()


def test_a_scorer_runs_if_its_files_are_the_pinned_ones(few, tmp_path):
    weights = tmp_path / "weights.pth"
    weights.write_bytes(b"weights")
    score(few, tmp_path / "r.jsonl", files=[{"path": str(weights), "sha256": sha256(weights)}])
    assert len(read_json_lines(tmp_path / "r.jsonl")) == 6


@pytest.mark.parametrize(
    ("pinned", "complaint"),
    [
        ("0" * 64, f"{{path}}: sha256 is {{found}}, pinned is {'0' * 64}"),
        (None, "{path} is not pinned yet; if you trust it, write down sha256: {found}"),
    ],
)
def test_a_scorer_with_another_file_or_one_not_pinned_yet_is_not_run(
    few, tmp_path, pinned, complaint
):
    weights, ran = tmp_path / "weights.pth", tmp_path / "ran"
    weights.write_bytes(b"weights")
    files = [{"path": str(weights), "sha256": pinned}]
    command = ["touch", str(ran), "{results}", "{images}"]
    with pytest.raises(RdmError) as error:
        score(few, tmp_path / "r.jsonl", files=files, command=command)
    assert str(error.value) == complaint.format(path=weights, found=sha256(weights))
    assert not ran.exists()


def test_a_scorer_without_one_of_its_files_is_not_run(few, tmp_path):
    files = [{"path": str(tmp_path / "weights.pth"), "sha256": "0" * 64}]
    with pytest.raises(RdmError, match=r"weights\.pth: cannot be read \(No such file or"):
        score(few, tmp_path / "r.jsonl", files=files)


# --- the table ----------------------------------------------------------------------------------


def tabulate(folder: Path, pickscores: list[Path], paper_only: list[str]) -> list[dict[str, str]]:
    rates = dict.fromkeys(
        ("single_object", "two_object", "counting", "colors", "position", "color_attr"), 0.5
    )
    for name in ("teacher", "joint"):
        whole = {"tasks": rates, "overall": 0.5 + (name == "joint") / 4}
        write_json(folder / f"{name}.json", {"all": whole, "held_out": whole, "contamination": 0.5})
    params = geneval_table.Params.model_validate(
        {
            "table": {"rows": ["teacher", "joint"], "paper_only": paper_only},
            "detectors": {"exact": {"kind": "scenes", "label": "exact"}},
            "order": ["exact"],
            "labels": {"teacher": "four-step teacher", "joint": "one-step, joint"},
            "published": {"joint": "iRDM joint"},
        }
    )
    files = {key: folder / f"table2.{key}" for key in ("csv", "markdown", "latex")}
    scores = [folder / "teacher.json", folder / "joint.json"]
    geneval_table.run(params, scores=scores, pickscores=pickscores, **files)
    with (folder / "table2.csv").open() as file:
        return list(csv.DictReader(file))


def test_the_table_has_a_row_per_generator_and_the_papers(tmp_path):
    teacher, joint, paper = tabulate(tmp_path, [], ["DMD2"])
    assert [row["generator"] for row in (teacher, joint, paper)] == [
        "four-step teacher", "one-step, joint", "DMD2"
    ]  # fmt: skip
    assert (teacher["overall"], joint["overall"], joint["paper"]) == ("0.5", "0.75", "0.826")
    assert (teacher["detector"], teacher["paper"], paper["paper"]) == ("exact", "", "0.804")


def test_scores_are_of_the_detectors_in_their_order(tmp_path):
    for name, rate in (("exact", 0.9), ("again", 0.1)):
        whole = {"tasks": {}, "overall": rate}
        write_json(tmp_path / f"{name}.json", {"all": whole, "held_out": None, "contamination": 0})
    params = geneval_table.Params.model_validate(
        {
            "table": {"rows": ["joint"], "paper_only": []},
            # as a rule hands them over: in its JSON mappings are sorted
            "detectors": {name: {"kind": "scenes", "label": name} for name in ("again", "exact")},
            "order": ["exact", "again"],
            "labels": {"joint": "joint"},
            "published": {},
        }
    )
    files = {key: tmp_path / f"table2.{key}" for key in ("csv", "markdown", "latex")}
    scores = [tmp_path / f"{name}.json" for name in params.order]
    geneval_table.run(params, scores=scores, pickscores=[], **files)
    with (tmp_path / "table2.csv").open() as file:
        found = {row["detector"]: row["overall"] for row in csv.DictReader(file)}
    assert found == {"exact": "0.9", "again": "0.1"}


def test_pickscores_are_means_over_the_images(tmp_path):
    paths = [tmp_path / "a.h5", tmp_path / "b.h5"]
    for path, values in zip(paths, ([20.0, 22.0], [23.0, 23.0]), strict=True):
        arrays = {"scores": np.array(values), "labels": np.array([0, 1])}
        write_arrays(path, "preference", arrays, {"classes": '["a", "b"]', "model": "m"})
    teacher, joint = tabulate(tmp_path, paths, [])
    assert (float(teacher["PickScore"]), float(joint["PickScore"])) == (21.0, 23.0)


def test_a_row_that_the_paper_has_not_is_refused(tmp_path):
    with pytest.raises(RdmError, match=r"report\.table2\.paper_only: found 'SDXL', allowed: DMD2"):
        tabulate(tmp_path, [], ["SDXL"])


def test_over_seeds_scores_are_label_by_label_the_seeds_within(tmp_path):
    # as a rule hands them over: in its JSON mappings are sorted
    told = {"detector": "exact", "rows": {"other": ["c"], "two": ["a", "b"]}, "order": []}
    detectors = {"exact": {"kind": "scenes", "label": "exact"}}
    params = geneval_seeds.Params.model_validate(
        {"table": told, "detectors": detectors, "labels": ["two", "other"]}
    )
    scores = [tmp_path / f"{name}.json" for name in "abc"]
    for path, rate in zip(scores, (0.25, 0.75, 1.0), strict=True):
        whole = {"tasks": {"colors": rate}, "overall": rate}
        write_json(path, {"all": whole, "held_out": whole, "contamination": 0.5})
    files = {key: tmp_path / f"table2_seeds.{key}" for key in ("csv", "markdown", "latex")}
    geneval_seeds.run(params, scores=scores, **files)
    with (tmp_path / "table2_seeds.csv").open() as file:
        two, other = csv.DictReader(file)
    assert (two["run"], two["seeds"], two["overall"]) == ("two", "2", "0.5")
    assert (other["run"], other["colors"], other["± colors"]) == ("other", "1.0", "")


# --- the sheet ----------------------------------------------------------------------------------


def test_a_sheet_has_some_prompts_of_every_task_from_its_first_to_its_last():
    tags = ["counting"] * 9 + ["colors"] * 2 + ["position"]
    assert geneval_sheet.spread([{"tag": tag} for tag in tags]) == [0, 4, 8, 9, 10, 11]


def test_a_sheet_shows_the_images_of_its_prompts_side_by_side(few, tmp_path):
    asked = read_json_lines(few / "metadata.jsonl")
    labels = np.arange(len(asked)).repeat(SAMPLES)
    for name, red in (("a", 61), ("b", 71)):
        images = np.zeros((len(labels), 3, 200, 200), np.uint8)
        images[::SAMPLES, 0] = red
        arrays = {"images": images, "labels": labels}
        write_arrays(tmp_path / f"{name}.h5", "images", arrays, {"classes": "[]"})
    params = geneval_sheet.Params(labels=["first", "second"], samples=SAMPLES)
    paths, picture = [tmp_path / "a.h5", tmp_path / "b.h5"], tmp_path / "sheet.png"
    geneval_sheet.run(params, images=paths, metadata=few / "metadata.jsonl", picture=picture)
    sheet = np.asarray(Image.open(picture).convert("RGB"))
    a, b = (np.argwhere((sheet == [red, 0, 0]).all(axis=2)) for red in (61, 71))
    assert len(a) == len(b) == len(geneval_sheet.spread(asked)) * geneval_sheet.LARGEST**2
    assert a[:, 1].max() < b[:, 1].min()


def test_a_sheet_of_images_of_other_prompts_is_refused(few, tmp_path):
    arrays = {"images": np.zeros((3, 3, 8, 8), np.uint8), "labels": np.arange(3)}
    write_arrays(tmp_path / "a.h5", "images", arrays, {"classes": "[]"})
    params = geneval_sheet.Params(labels=["first"], samples=SAMPLES)
    where = {"metadata": few / "metadata.jsonl", "picture": tmp_path / "sheet.png"}
    with pytest.raises(RdmError, match=r"a\.h5: found labels of 3 images, expected 2 images of"):
        geneval_sheet.run(params, images=[tmp_path / "a.h5"], **where)
