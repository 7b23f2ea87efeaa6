"""From renders to mixtures and pools, verb by verb."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rdm_pipeline.artifacts import (
    read_array,
    read_arrays,
    read_json,
    read_json_lines,
    write_arrays,
    write_json,
    write_json_lines,
)
from rdm_pipeline.datasets.scene_prompts import all_prompts
from rdm_pipeline.datasets.scenes import draw_scene
from rdm_pipeline.datasets.scenes import render as rendered
from rdm_pipeline.errors import RdmError
from rdm_pipeline.evaluation.pickscore import read_model
from rdm_pipeline.generators.noise import sample_noise
from rdm_pipeline.loading.images import describe_images
from rdm_pipeline.params.pairs import Renders
from rdm_pipeline.params.project import load_tree, parse
from rdm_pipeline.params.references import ReferenceSpec
from rdm_pipeline.verbs import (
    curate,
    gather,
    geneval_detect,
    mix,
    mixture,
    pool,
    preference_model,
    prompt_preference,
    reference,
    render,
)
from tests.generators.flux2 import TINY, tiny
from tests.verbs.test_sample_prompts import write_contexts, write_tiny

ROOT = Path(__file__).resolve().parents[2]
MODEL = parse(load_tree(ROOT, "smoke")).evaluation.preference.model
PROMPTS = ["a red circle", "two crosses", "a red circle"]  # as captions, some are equal
BEST = {"kind": "best", "count": 1}
CORRECT = {"kind": "correct", "detector": "exact"}


def write_prompts(path: Path, prompts: list[str]) -> Path:
    write_json_lines(path, [{"prompt": prompt} for prompt in prompts])
    return path


def spec(**changes: Any) -> Renders:
    told = {
        "generator": "t",
        "prompts": "train",
        "samples": 2,
        "seed": 7,
        "shards": 2,
        "keep": BEST,
    }
    return Renders.model_validate({**told, **changes})


# --- renders ------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path) -> Path:
    write_tiny(tmp_path)
    write_prompts(tmp_path / "captions.jsonl", PROMPTS)
    return tmp_path


def drawn(folder: Path, shard: int, **changes: Any) -> Path:
    """Draw a shard; return its folder."""
    made = folder / f"{shard}"
    params = render.Params(
        generator=TINY, source="liked", renders=spec(**changes), shard=shard, threads=1
    )
    render.run(
        params,
        generator=folder / "generator.safetensors",
        images=folder / "images.h5",
        prompts=folder / "captions.jsonl",
        contexts=folder / "contexts.h5",
        samples=made / "samples.h5",
        metadata=made / "prompts.jsonl",
    )
    return made


def pixels(made: Path) -> np.ndarray:
    return read_array(made / "samples.h5", "images", "images").astype(int)


@torch.no_grad()
def test_a_shard_holds_several_images_of_whole_prompts_and_the_prompts(folder):
    first, second = drawn(folder, 0), drawn(folder, 1)
    assert [line["prompt"] for line in read_json_lines(first / "prompts.jsonl")] == PROMPTS[:1]
    assert [line["prompt"] for line in read_json_lines(second / "prompts.jsonl")] == PROMPTS[1:]
    assert read_array(second / "samples.h5", "images", "labels").tolist() == [0, 0, 1, 1]
    model, contexts = tiny(), write_contexts(folder / "again.h5", [0, 1, 2])
    for row in range(4):
        noise = sample_noise(7, 1 + row // 2, [row % 2], model.noise_shape)
        expected = (model(noise, contexts[1 + row // 2][None]) * 255).round()
        assert np.abs(pixels(second)[row] - expected[0].numpy()).max() <= 1


def test_neither_shards_nor_more_samples_change_what_a_prompt_shows(folder):
    whole = pixels(drawn(folder, 0, shards=1))
    assert np.abs(whole[2:] - pixels(drawn(folder, 1))).max() <= 1
    more = pixels(drawn(folder, 0, shards=1, samples=3))
    assert np.abs(whole[0::2] - more[0::3]).max() <= 1
    assert not np.array_equal(whole[0], whole[4])  # equal prompts, other seeds


def test_more_shards_than_prompts_and_contexts_of_another_list_are_refused(folder):
    with pytest.raises(RdmError, match="4 shards for 3 prompts"):
        drawn(folder, 0, shards=4)
    write_prompts(folder / "captions.jsonl", PROMPTS[:2])
    with pytest.raises(RdmError, match=r"contexts\.h5: 3 prompts for the 2 rows"):
        drawn(folder, 0)


def test_every_render_is_scored_with_its_own_prompt(folder):
    made = drawn(folder, 1)
    weights = folder / "model.safetensors"
    preference_model.run(preference_model.Params(model=MODEL), weights=weights)
    files = {"images": made / "samples.h5", "metadata": made / "prompts.jsonl"}
    params = prompt_preference.Params(model=MODEL, threads=1)
    prompt_preference.run(params, weights=weights, scores=made / "preference.h5", **files)
    found = read_array(made / "preference.h5", "preference", "scores")
    pictures = torch.from_numpy(read_array(made / "samples.h5", "images", "images"))
    asked = [PROMPTS[1], PROMPTS[1], PROMPTS[2], PROMPTS[2]]
    expected = read_model(weights, MODEL).scores(pictures, asked)
    assert np.allclose(found, expected.numpy(), atol=1e-4)


def test_images_of_other_prompts_are_not_scored(folder):
    made = drawn(folder, 1)
    weights = folder / "model.safetensors"
    preference_model.run(preference_model.Params(model=MODEL), weights=weights)
    write_prompts(made / "prompts.jsonl", PROMPTS[:2])
    with pytest.raises(RdmError, match=r"samples\.h5: images of other prompts than .*prompts\."):
        prompt_preference.run(
            prompt_preference.Params(model=MODEL, threads=1),
            images=made / "samples.h5",
            metadata=made / "prompts.jsonl",
            weights=weights,
            scores=made / "preference.h5",
        )
    assert not (made / "preference.h5").exists()


# --- curation -----------------------------------------------------------------------------------


def kept(place: Path, source: str, keep: Any, samples: int, judgement: Path | None) -> list[Any]:
    params = curate.Params.model_validate({"source": source, "samples": samples, "keep": keep})
    files = {"metadata": place / "prompts.jsonl", "judgement": judgement}
    curate.run(params, kept=place / "kept.jsonl", **files)
    return read_json_lines(place / "kept.jsonl")


def write_scores(path: Path, scores: list[float]) -> Path:
    arrays = {"scores": np.array(scores), "labels": np.zeros(len(scores))}
    write_arrays(path, "preference", arrays, {"classes": "[]", "model": "x"})
    return path


def test_the_best_of_each_prompt_are_listed_with_what_they_were_best_of(tmp_path):
    write_prompts(tmp_path / "prompts.jsonl", PROMPTS[:2])
    scores = write_scores(tmp_path / "preference.h5", [1.0, 2.0, 5.0, 4.0])
    assert kept(tmp_path, "liked", BEST, 2, scores) == [
        {"source": "liked", "row": 1, "prompt": p, "why": "1 of 2 by preference, 2.0000"}
        if p == PROMPTS[0]
        else {"source": "liked", "row": 2, "prompt": p, "why": "1 of 2 by preference, 5.0000"}
        for p in PROMPTS[:2]
    ]
    with pytest.raises(RdmError, match=r"preference\.h5: 4 scores for 6 images"):
        kept(tmp_path, "liked", BEST, 3, scores)


def test_scenes_that_are_right_are_kept_as_the_exact_detector_says(tmp_path):
    told = [all_prompts()[row] for row in (0, 20, 70)]
    write_json_lines(tmp_path / "prompts.jsonl", told)
    scenes = [
        rendered(draw_scene(t, (), np.random.default_rng(s)), 32) for t in told for s in (0, 1)
    ]
    scenes[3] = np.full_like(scenes[3], 128)  # nothing to be seen
    arrays = {"images": np.stack(scenes), "labels": np.repeat(range(3), 2)}
    write_arrays(tmp_path / "samples.h5", "images", arrays, {"classes": "[]"})
    geneval_detect.run(
        geneval_detect.Params(samples=2),
        images=tmp_path / "samples.h5",
        metadata=tmp_path / "prompts.jsonl",
        results=tmp_path / "exact.jsonl",
    )
    lines = kept(tmp_path, "correct", CORRECT, 2, tmp_path / "exact.jsonl")
    assert [line["row"] for line in lines] == [0, 1, 2, 4, 5]
    assert {line["why"] for line in lines} == {"correct by exact"}
    assert lines[2]["prompt"] == told[1]["prompt"]

    verdicts = read_json_lines(tmp_path / "exact.jsonl")
    write_json_lines(tmp_path / "turned.jsonl", verdicts[::-1])
    with pytest.raises(RdmError, match=r"turned\.jsonl: its lines are not of the images"):
        kept(tmp_path, "correct", CORRECT, 2, tmp_path / "turned.jsonl")
    wrong = [{**verdict, "correct": False} for verdict in verdicts]
    write_json_lines(tmp_path / "wrong.jsonl", wrong)
    with pytest.raises(RdmError, match="of 6 images none is kept"):
        kept(tmp_path, "correct", CORRECT, 2, tmp_path / "wrong.jsonl")


# --- mixtures -----------------------------------------------------------------------------------

SOURCES = ["coco", "liked"]


def write_images(path: Path, shades: list[int]) -> Path:
    pictures = np.zeros((len(shades), 3, 4, 4), np.uint8)
    pictures += np.array(shades, np.uint8)[:, None, None, None]
    arrays = {"images": pictures, "labels": np.zeros(len(shades))}
    write_arrays(path, "images", arrays, {"classes": '["x"]'})
    return path


@pytest.fixture
def mixed(tmp_path) -> Path:
    """A mixture of a dataset of three pictures and the better renders of two prompts."""
    parts = {"coco": PROMPTS, "liked": ["four", "five"]}
    for source, prompts in parts.items():
        write_prompts(tmp_path / source / "prompts.jsonl", prompts)
    kept(tmp_path / "coco", "coco", None, 1, None)
    scores = write_scores(tmp_path / "scores.h5", [0.0, 1.0, 1.0, 0.0])
    kept(tmp_path / "liked", "liked", BEST, 2, scores)
    for shard, (source, shades) in enumerate(
        {"coco": [1, 2, 3], "liked": [10, 11, 12, 13]}.items()
    ):
        images = write_images(tmp_path / source / "images.h5", shades)
        mix.run(
            mix.Params(sources=SOURCES),
            images=images,
            kept=tmp_path / source / "kept.jsonl",
            mixed=tmp_path / f"mixture/train/{shard}.h5",
        )
    shards = [tmp_path / f"mixture/train/{shard}.h5" for shard in (0, 1)]
    gather.run(gather.Params(kind="images"), shards=shards, whole=tmp_path / "mixture/train.h5")
    mixture.run(
        mixture.Params(sources=SOURCES),
        kept=[tmp_path / source / "kept.jsonl" for source in SOURCES],
        captions=tmp_path / "captions.jsonl",
        manifest=tmp_path / "mixture.json",
    )
    return tmp_path


def test_a_mixture_holds_what_was_kept_row_by_row_with_captions_and_sources(mixed):
    arrays, _ = read_arrays(mixed / "mixture/train.h5", "images")
    assert arrays["images"][:, 0, 0, 0].tolist() == [1, 2, 3, 11, 12]
    assert arrays["labels"].tolist() == [0, 0, 0, 1, 1]
    assert describe_images(mixed / "mixture/train.h5").classes == SOURCES
    lines = read_json_lines(mixed / "captions.jsonl")
    assert [line["prompt"] for line in lines] == [*PROMPTS, "four", "five"]
    assert [(line["source"], line["row"]) for line in lines[2:]] == [
        ("coco", 2),
        ("liked", 1),
        ("liked", 2),
    ]


def test_the_manifest_has_rows_and_shares_by_source(mixed):
    assert read_json(mixed / "mixture.json") == {
        "rows": 5,
        "sources": [
            {"source": "coco", "rows": 3, "prompts": 2, "share": 0.6},
            {"source": "liked", "rows": 2, "prompts": 2, "share": 0.4},
        ],
    }


def test_a_selection_of_rows_that_are_not_there_is_refused(mixed):
    images = write_images(mixed / "few.h5", [1, 2])
    with pytest.raises(RdmError, match="keeps row 2 of the 2 of"):
        mix.run(
            mix.Params(sources=SOURCES),
            images=images,
            kept=mixed / "coco/kept.jsonl",
            mixed=mixed / "out.h5",
        )


def test_a_reference_is_of_as_many_rows_as_its_mixture(mixed):
    features = np.random.default_rng(0).normal(size=(5, 3))
    about = {"encoder": "e", "pool": "avg", "resolution": 4}
    write_arrays(mixed / "features.h5", "features", {"features": features}, about)
    codes = {"codes": np.eye(5)}
    write_arrays(mixed / "texts.h5", "texts", codes, {"encoder": "x", "prompts": "x"})
    told = ReferenceSpec.model_validate(
        load_tree(ROOT, "scenes")["references"]["joint"]
        | {"landmarks": 4, "mixture": "m"}
        | dict.fromkeys(("bandwidth_rows", "kmeans_rows", "k_rr_rows"), 5)
        | {"kmeans_iterations": 2, "jitter": 0.001, "seed": 0}
    )
    files = {
        "features": mixed / "features.h5",
        "images": mixed / "mixture/train.h5",
        "texts": mixed / "texts.h5",
        "mixture": mixed / "mixture.json",
        "reference": mixed / "reference.h5",
    }
    params = reference.Params(encoder="e", reference=told, threads=1)
    reference.run(params, **files)
    assert read_array(mixed / "reference.h5", "reference", "landmarks").shape == (4, 3 + 5)
    write_json(mixed / "mixture.json", {"rows": 6})
    with pytest.raises(RdmError, match=r"mixture\.json: 6 prompts for the 5 rows of .*features"):
        reference.run(params, **files)


# --- pools --------------------------------------------------------------------------------------


def test_a_pool_repeats_its_lists_and_says_how_often(tmp_path):
    lists = [write_prompts(tmp_path / "train.jsonl", PROMPTS)]
    (tmp_path / "asked.jsonl").write_text(json.dumps({"prompt": "asked", "tag": "colors"}) + "\n")
    params = pool.Params(lists=["train", "geneval"], repeats={"geneval": 2, "train": 1})
    pool.run(
        params,
        lists=[*lists, tmp_path / "asked.jsonl"],
        captions=tmp_path / "pool.jsonl",
        manifest=tmp_path / "pool.json",
    )
    found = [(line["list"], line["prompt"]) for line in read_json_lines(tmp_path / "pool.jsonl")]
    assert found == [*(("train", p) for p in PROMPTS), *[("geneval", "asked")] * 2]
    assert read_json(tmp_path / "pool.json") == {
        "rows": 5,
        "lists": [
            {"list": "train", "rows": 3, "repeats": 1, "share": 0.6},
            {"list": "geneval", "rows": 2, "repeats": 2, "share": 0.4},
        ],
    }
