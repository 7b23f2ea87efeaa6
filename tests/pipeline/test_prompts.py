"""From captions to samples: contexts, teacher, one-step students, by rules."""

import csv
from pathlib import Path

import numpy as np
import pytest

from rdm_pipeline.artifacts import (
    open_arrays,
    read_array,
    read_arrays,
    read_attrs,
    read_json,
    read_json_lines,
)
from rdm_pipeline.recipes import planned_jobs
from tests.pipeline.conftest import made_again
from tests.pipeline.prompts import COUNTS, RESULTS, targets, write_project

pytestmark = pytest.mark.slow

STUDENTS = ("law_joint_s0", "law_marginal_s0", "law_exact_s0", "law_mixed_s0")


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A project in which everything was made, by one process: that saves starting thirty."""
    folder = write_project(tmp_path_factory.mktemp("prompts") / "project")
    tables = ("geneval/law_mixed_s0/half.json", "tables/pickscore.csv")
    wanted = [*targets("teacher", "start", *STUDENTS), *(f"{RESULTS}/{name}" for name in tables)]
    jobs = planned_jobs(folder, "--config", "profile=prompts", "--", *wanted)
    made_again(folder, [job.command for job in jobs], RESULTS, RESULTS)
    return folder / RESULTS


def samples(project: Path, name: str) -> np.ndarray:
    return read_array(project / f"images/{name}/samples.h5", "images", "images")


def test_every_generator_has_samples_of_the_validation_captions(project):
    for name in ("teacher", "start", *STUDENTS):
        arrays, attrs = read_arrays(project / f"images/{name}/samples.h5", "images")
        assert arrays["images"].shape == (12, 3, 16, 16)
        assert arrays["labels"].tolist() == [0] * 8 + [1] * 4  # as the first validation images
        assert attrs["classes"] == '["bright", "dark"]'


def test_every_generator_has_samples_of_each_prompt_to_be_scored(project):
    for name in ("teacher", "start", *STUDENTS):
        labels = read_array(project / f"geneval/{name}/samples.h5", "images", "labels")
        assert labels.tolist() == [0, 0, 1, 1, 2, 2]


def test_one_step_and_four_of_the_same_weights_differ_and_share_a_file(project):
    assert not np.array_equal(samples(project, "teacher"), samples(project, "start"))
    assert not (project / "runs/start").exists()
    record = read_json(project / "images/start/samples/0.h5.prov.json")
    (generator,) = record["inputs"]["generator"]
    assert generator["path"].endswith("runs/teacher/generator.safetensors")


def test_the_laws_train_different_students_from_one_start(project):
    made = [samples(project, name) for name in ("start", *STUDENTS)]
    for index, one in enumerate(made):
        assert not any(np.array_equal(one, other) for other in made[:index])


def test_the_text_block_is_in_the_references_of_the_joint_law_alone(project):
    widths = {
        law: read_array(project / f"references/{law}/random.h5", "reference", "landmarks").shape[1]
        for law in ("joint", "marginal")
    }
    assert widths == {"joint": 128 + 384, "marginal": 128}


def test_contexts_and_codes_are_row_aligned_to_the_images(project):
    for split, count in COUNTS.items():
        contexts, codes = (project / f"{kind}/{split}.h5" for kind in ("contexts", "texts"))
        rows = read_array(contexts, "contexts", "rows")
        assert rows.tolist() == [0] * (count // 2) + [1] * (count // 2)
        assert read_array(codes, "texts", "codes").shape == (count, 384)
        assert read_attrs(contexts, "contexts")["prompts"] == read_attrs(codes, "texts")["prompts"]


def test_a_mixture_is_the_dataset_the_best_renders_and_the_right_ones(project):
    # one of three of each of 32 captions, one of two of each of three prompts
    told = read_json(project / "mixtures/mixed.json")
    assert [(part["source"], part["rows"]) for part in told["sources"]] == [
        ("squares", 32),
        ("liked", 32),
        ("correct", 3),
    ]
    arrays, attrs = read_arrays(project / "images/mixed/train.h5", "images")
    assert np.bincount(arrays["labels"]).tolist() == [32, 32, 3]
    assert attrs["classes"] == '["squares", "liked", "correct"]'
    lines = read_json_lines(project / "captions/mixed.jsonl")
    assert lines[0]["prompt"] == lines[32]["prompt"] == "a bright square"
    assert [line["prompt"] for line in lines[-3:]] == [
        "a dark square",
        "a bright square",
        "a grey square",
    ]
    whole = read_array(project / "images/squares/train.h5", "images", "images")
    assert np.array_equal(arrays["images"][:32], whole)
    features = read_array(project / "features/mixed/train/random.h5", "features", "features")
    assert len(features) == len(read_array(project / "texts/mixed.h5", "texts", "codes")) == 67


def test_every_kept_render_is_the_one_that_the_model_likes_best(project):
    shard = project / "renders/liked/1"
    scores = read_array(shard / "preference.h5", "preference", "scores").reshape(-1, 3)
    best = [3 * row + int(scores[row].argmax()) for row in range(16)]
    assert [line["row"] for line in read_json_lines(shard / "kept.jsonl")] == best
    mixed = read_array(project / "images/mixed/train.h5", "images", "images")
    drawn = read_array(shard / "samples.h5", "images", "images")
    assert np.array_equal(mixed[32 + 16 : 64], drawn[best])


def test_a_reference_and_a_run_name_the_mixture_and_the_pool_that_they_depend_on(project):
    record = read_json(project / "references/mixed/random.h5.prov.json")
    assert record["inputs"]["mixture"][0]["path"].endswith("mixtures/mixed.json")
    record = read_json(project / "runs/law_mixed_s0/generator.safetensors.prov.json")
    assert record["inputs"]["contexts"][0]["path"].endswith("contexts/asked.h5")
    assert len(read_array(project / "contexts/asked.h5", "contexts", "rows")) == 32 + 4 * 3
    scores = read_json(project / "geneval/law_mixed_s0/half.json")
    assert (scores["contamination"], scores["all"]["tasks"]["colors"]) == (1.0, 0.5)


def test_pickscores_are_of_every_list_and_of_pairs_of_one_noise(project):
    with (project / "tables/pickscore.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [[row[key] for key in ("generator", "prompts", "images", "tokens")] for row in rows] == [
        *[[label, "shown", "12", "6"] for label in ("teacher", "one step", "student")],
        *[[label, "COCO-val", "4", "9"] for label in ("teacher", "one step", "student")],
        ["DMD2", "COCO-val", "", ""],
    ]
    own, start = (
        read_array(project / f"pickscore/long/{name}/preference.h5", "preference", "scores")
        for name in ("law_joint_s0", "start")
    )
    assert float(rows[5]["PickScore"]) == pytest.approx(own.mean())
    assert float(rows[5]["win rate"]) == 100 * (own > start).mean()
    assert [row["win rate"] == "" for row in rows] == [False, True, False] * 2 + [True]


def test_a_list_has_contexts_of_its_own_length_and_shows_the_captions_it_names(project):
    lengths = {"shown": 6, "long": 9}
    for name, length in lengths.items():
        with open_arrays(project / f"contexts/{name}.h5", "contexts") as file:
            assert file["contexts"].shape[1] == length
    captions = read_json_lines(project / "captions/val.jsonl")
    shown = read_json_lines(project / "captions/shown.jsonl")
    assert [line["prompt"] for line in shown] == [line["prompt"] for line in captions[:12]]
