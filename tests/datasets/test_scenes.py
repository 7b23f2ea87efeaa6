"""The world of scenes: what is drawn is what was asked, and held-out combinations stay away."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rdm_pipeline.artifacts import read_json_lines
from rdm_pipeline.datasets.scene_files import read_captions, turn
from rdm_pipeline.datasets.scene_prompts import all_prompts, combination, draw_held_out, in_turn
from rdm_pipeline.datasets.scenes import (
    BACKGROUND,
    COLORS,
    SHAPES,
    Scene,
    SceneObject,
    coverage,
    draw_scene,
    render,
)
from rdm_pipeline.datasets.source import fetch, read_split, shard_rows
from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.dataset import Scenes

PROMPTS = all_prompts()
BY_TEXT = {each["prompt"]: each for each in PROMPTS}
seeds = st.integers(0, 2**31)


def spec(**changes) -> Scenes:
    told = {
        "kind": "scenes",
        "name": "scenes",
        "seed": 3,
        "resolution": 32,
        "limits": {"train": 60, "val": 20},
        "shards": {"train": 2, "val": 1},
    }
    return Scenes.model_validate({**told, **changes})


def test_prompts_are_worded_and_described_as_genevals():
    """GenEval's own files have these wordings and keys; the object that is placed comes second."""
    assert BY_TEXT["a photo of a circle"] == {
        "tag": "single_object",
        "include": [{"class": "circle", "count": 1}],
        "prompt": "a photo of a circle",
    }
    three = BY_TEXT["a photo of three crosses"]
    assert three["tag"] == "counting" and three["exclude"] == [{"class": "cross", "count": 4}]
    assert BY_TEXT["a photo of a circle left of a square"]["include"] == [
        {"class": "square", "count": 1},
        {"class": "circle", "count": 1, "position": ["left of", 0]},
    ]
    assert BY_TEXT["a photo of a red circle and a blue square"]["include"] == [
        {"class": "circle", "count": 1, "color": "red"},
        {"class": "square", "count": 1, "color": "blue"},
    ]
    assert len(BY_TEXT) == len(PROMPTS) == 4 + 12 + 12 + 24 + 48 + 360


@given(st.sampled_from(PROMPTS), seeds)
def test_a_scene_shows_what_its_prompt_asks_for_and_nothing_else(metadata, seed):
    scene = draw_scene(metadata, (), np.random.default_rng(seed))
    shown = Counter(each.shape for each in scene.objects)
    assert shown == Counter({each["class"]: each["count"] for each in metadata["include"]})
    for clause, each in zip(metadata["include"], scene.objects, strict=False):
        if "color" in clause:
            assert (each.shape, each.color) == (clause["class"], clause["color"])
    if metadata["tag"] == "position":
        target, placed = scene.objects
        axis, sign = {
            "left of": ("x", -1), "right of": ("x", 1), "above": ("y", -1), "below": ("y", 1)
        }[metadata["include"][1]["position"][0]]  # fmt: skip
        assert sign * (getattr(placed, axis) - getattr(target, axis)) > 0.3


@given(st.sampled_from(PROMPTS), seeds)
def test_objects_lie_within_the_image_and_apart(metadata, seed):
    scene = draw_scene(metadata, (), np.random.default_rng(seed))
    assert BACKGROUND[0] <= scene.background <= BACKGROUND[1]
    for each in scene.objects:
        assert min(each.x, each.y) - each.half > 0.02
        assert max(each.x, each.y) + each.half < 0.98
    for one, other in combinations(scene.objects, 2):
        gap = max(abs(one.x - other.x), abs(one.y - other.y)) - one.half - other.half
        assert gap > 0.05


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_is_rendered_in_its_place_size_and_colour(shape):
    each = SceneObject(shape, "red", x=0.25, y=0.5, half=0.125)
    pixels = render(Scene(0.5, (each,)), 32)
    assert pixels.dtype == np.uint8 and pixels.shape == (3, 32, 32)
    changed = (pixels != 128).any(axis=0)
    rows, columns = np.nonzero(changed.any(axis=1))[0], np.nonzero(changed.any(axis=0))[0]
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (12, 19, 4, 11)
    assert pixels[:, 16, 8].tolist() == [round(255 * value) for value in COLORS["red"]]


def test_edges_are_antialiased_but_areas_exact():
    areas = {"circle": np.pi / 4, "square": 1.0, "triangle": 0.5, "cross": 5 / 9}
    for shape in SHAPES:
        share = coverage(SceneObject(shape, "red", 0.503, 0.497, 0.3), 32)
        assert share.sum() == pytest.approx(areas[shape] * (0.6 * 32) ** 2, rel=0.02)
        assert ((share > 0) & (share < 1)).any()


# --- held out -----------------------------------------------------------------------------------


@given(seeds)
@settings(max_examples=20)
def test_every_task_has_held_out_prompts_and_every_word_is_still_trained_on(seed):
    held_out = draw_held_out(seed)
    held = [each for each in PROMPTS if held_out.has(each)]
    seen = [each for each in PROMPTS if not held_out.has(each)]
    counts = Counter(each["tag"] for each in held)
    assert counts == {
        "single_object": 1, "two_object": 2, "counting": 3, "colors": 4, "position": 12,
        "color_attr": 108,
    }  # fmt: skip
    words = {word for each in seen for word in each["prompt"].split()}
    assert words == {word for each in PROMPTS for word in each["prompt"].split()}


@given(seeds)
@settings(max_examples=20)
def test_no_training_caption_says_a_held_out_combination_in_other_words(seed):
    held_out = draw_held_out(seed)
    held = {combination(each) for each in PROMPTS if held_out.has(each)}
    assert held.isdisjoint(combination(each) for each in PROMPTS if not held_out.has(each))


def test_saying_the_same_the_other_way_round_is_the_same_combination():
    same = [
        ("a circle left of a square", "a square right of a circle"),
        ("a circle above a square", "a square below a circle"),
        ("a circle and a square", "a square and a circle"),
        ("a red circle and a blue square", "a blue square and a red circle"),
    ]
    for one, other in same:
        first, second = (BY_TEXT[f"a photo of {text}"] for text in (one, other))
        assert combination(first) == combination(second)
    assert len({combination(each) for each in PROMPTS}) == 4 + 6 + 12 + 24 + 24 + 180


def test_no_training_image_shows_a_coloured_shape_that_is_held_out(tmp_path):
    fetch(spec(limits={"train": 600, "val": 20}), tmp_path)
    pairs = draw_held_out(3).pairs
    shown = {
        (each["color"], each["shape"])
        for split in ("train", "val")
        for line in read_json_lines(tmp_path / f"{split}.jsonl")
        for each in line["scene"]["objects"]
    }
    assert len(pairs) == 4 and shown.isdisjoint(pairs)
    assert len(shown) == len(SHAPES) * len(COLORS) - 4


# --- captions and files -------------------------------------------------------------------------


def test_tasks_are_as_frequent_as_each_other_from_the_beginning_of_a_turn():
    captions = in_turn(PROMPTS, 0)
    assert len(captions) == 6 * 360
    for count in (60, len(captions)):
        assert set(Counter(each["tag"] for each in captions[:count]).values()) == {count // 6}
    singles = Counter(each["prompt"] for each in captions if each["tag"] == "single_object")
    assert set(singles.values()) == {90}


def test_images_follow_their_captions_row_by_row(tmp_path):
    dataset = spec()
    known = fetch(dataset, tmp_path)
    captions = read_captions(tmp_path, known["splits"]["train"])
    assert [each["prompt"] for each in captions] == [e["prompt"] for e in turn(dataset)[:60]]
    assert all("scene" not in each for each in captions)
    parts = [shard_rows(dataset, known, "train", shard) for shard in (0, 1)]
    shards = [read_split(dataset, tmp_path, known, "train", rows) for rows in parts]
    blocks = [block for shard in shards for block in shard]
    labels = np.concatenate([labels for _, labels in blocks])
    assert [known["classes"][label] for label in labels] == [each["prompt"] for each in captions]
    lines = read_json_lines(tmp_path / "train.jsonl")
    images = np.concatenate([images for images, _ in blocks])
    for row in (0, 17, 59):
        assert np.array_equal(images[row], render(Scene.from_json(lines[row]["scene"]), 32))


def test_the_manifest_lists_what_is_trained_on_and_what_is_held_out(tmp_path):
    known = fetch(spec(), tmp_path)
    assert sorted(known["classes"] + known["held_out"]) == sorted(BY_TEXT)
    assert known["splits"]["val"]["count"] == 20


def test_scenes_depend_on_seed_split_and_row_alone(tmp_path):
    def lines(name, split="train", **changes):
        fetch(spec(**changes), tmp_path / name)
        return read_json_lines(tmp_path / name / f"{split}.jsonl")

    first = lines("a")
    assert lines("b", limits={"train": 30, "val": 5}) == first[:30]
    assert lines("c", seed=4)[0] != first[0]
    assert lines("d", "val")[0]["scene"] != first[0]["scene"]


def test_a_changed_raw_file_is_refused(tmp_path):
    known = fetch(spec(), tmp_path)
    path = tmp_path / "train.jsonl"
    path.write_text(path.read_text().replace("red", "blue", 1))
    with pytest.raises(RdmError, match=r"train\.jsonl: sha256"):
        list(read_split(spec(), tmp_path, known, "train", np.arange(2)))
