"""Fig. 6 from images to table: what is scored, what is paired, what is refused."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rdm_pipeline.artifacts import read_arrays, write_arrays
from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.preference import ClassImages, PreferenceFigure
from rdm_pipeline.params.project import load_tree, parse
from rdm_pipeline.verbs import preference, preference_model, win_rates

ROOT = Path(__file__).resolve().parents[2]
SHOWN = ClassImages(samples=10, prompt="a photo of a {}")
SPEC = parse(load_tree(ROOT, "smoke")).evaluation.preference
CLASSES = ["bag", "ankle boot", "coat"]
NOISE = "seed 1000000, shape 64"
LABELS = {"a": "A", "b": "B", "real": "real"}


def write_set(path: Path, seed: int, order: np.ndarray, **attrs: str) -> Path:
    """Write 12 images of 3 classes, the same ones in any order of rows."""
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (12, 1, 28, 28), np.uint8)
    arrays = {"images": images[order], "labels": (np.arange(12) % 3)[order]}
    write_arrays(path, "images", arrays, {"classes": json.dumps(CLASSES), **attrs})
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    weights = tmp_path_factory.mktemp("model") / "model.safetensors"
    preference_model.run(preference_model.Params(model=SPEC.model), weights=weights)
    return weights


def score(images: Path, model: Path) -> Path:
    target = images.with_name(f"scores-{images.name}")
    params = preference.Params(model=SPEC.model, classes=SHOWN, threads=1)
    preference.run(params, images=images, weights=model, scores=target)
    return target


def test_scores_are_of_the_classes_in_turn_whatever_the_order_of_rows(tmp_path, model):
    turns, sorted_ = np.arange(12), np.argsort(np.arange(12) % 3, kind="stable")
    first = read_arrays(score(write_set(tmp_path / "a.h5", 0, turns), model), "preference")[0]
    second = read_arrays(score(write_set(tmp_path / "b.h5", 0, sorted_), model), "preference")[0]
    assert first["labels"].tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]
    assert np.allclose(first["scores"], second["scores"], atol=1e-5)
    assert len(set(first["scores"].tolist())) == 10


def test_scores_do_not_depend_on_blocks(tmp_path, model, monkeypatch):
    images = write_set(tmp_path / "a.h5", 0, np.arange(12)[::-1])
    whole = read_arrays(score(images, model), "preference")[0]["scores"]
    monkeypatch.setattr(preference, "BLOCK", 3)
    parts = read_arrays(score(images, model), "preference")[0]["scores"]
    assert np.allclose(whole, parts, atol=1e-5)


def show(folder: Path, scores: list[Path], against: list[str], **changes: Any) -> list[dict]:
    figure = PreferenceFigure(run="a", against=against, paper_only=["RAE-XL"])
    params = win_rates.Params(figure=figure, labels=LABELS, published={"real": "real"})
    made = {
        key: folder / f"fig6.{key}" for key in ("csv", "markdown", "latex", "picture")
    } | changes
    win_rates.run(params, scores=scores, **made)
    with made["csv"].open() as file:
        return list(csv.DictReader(file))


def test_the_figure_pairs_sets_of_one_noise_and_photographs_by_class(tmp_path, model):
    sets = [
        write_set(tmp_path / "a.h5", 0, np.arange(12), noise=NOISE),
        write_set(tmp_path / "b.h5", 1, np.arange(12), noise=NOISE),
        write_set(tmp_path / "real.h5", 2, np.arange(12)),
    ]
    scores = [score(path, model) for path in sets]
    rows = show(tmp_path, scores, ["b", "real"])
    assert [row["same"] for row in rows] == ["noise and class", "class", ""]
    ours, theirs = (read_arrays(path, "preference")[0]["scores"] for path in scores[:2])
    assert float(rows[0]["win rate"]) == pytest.approx(100 * (ours > theirs).mean())
    assert float(rows[0]["score of A"]) == pytest.approx(ours.mean())
    assert [row["pairs"] for row in rows] == ["10", "10", ""]
    assert [row["paper"] for row in rows] == ["", "63.6", "75.7"]
    assert (tmp_path / "fig6.picture").read_bytes().startswith(b"\x89PNG")


def test_other_noise_another_model_and_other_classes_are_refused(tmp_path, model):
    own = score(write_set(tmp_path / "a.h5", 0, np.arange(12), noise=NOISE), model)
    other = write_set(tmp_path / "b.h5", 1, np.arange(12), noise="seed 7, shape 64")
    told = r"scores-b\.h5: win rate: noise of seed 1000000, shape 64 against noise of seed 7"
    with pytest.raises(RdmError, match=told):
        show(tmp_path, [own, score(other, model)], ["b"])

    arrays, attrs = read_arrays(own, "preference")
    foreign = tmp_path / "foreign.h5"
    for change, told in (
        ({"model": "0" * 64}, r"foreign\.h5: its model is not that of .*scores-a\.h5"),
        ({"classes": '["x", "y", "z"]'}, "its classes is not that of"),
    ):
        write_arrays(foreign, "preference", arrays, {**attrs, **change})
        with pytest.raises(RdmError, match=told):
            show(tmp_path, [own, foreign], ["b"])
    write_arrays(foreign, "preference", {**arrays, "labels": arrays["labels"][::-1]}, attrs)
    with pytest.raises(RdmError, match="its images are not asked for as those of"):
        show(tmp_path, [own, foreign], ["b"])
    assert not (tmp_path / "fig6.csv").exists()


def test_a_model_of_other_parameters_is_not_used(tmp_path, model):
    images = write_set(tmp_path / "a.h5", 0, np.arange(12))
    other = SPEC.model.model_copy(update={"seed": 3})
    params = preference.Params(model=other, classes=SHOWN, threads=1)
    with pytest.raises(RdmError, match=r"not the model of evaluation\.preference"):
        preference.run(params, images=images, weights=model, scores=tmp_path / "s.h5")
