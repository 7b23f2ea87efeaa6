"""Which captions a row of a table was trained on, and what a mixture's shards are."""

from pathlib import Path

from rdm_pipeline.params.project import load_tree, parse
from rdm_pipeline.training_sets import TrainingSets

ROOT = Path(__file__).resolve().parents[1]


def sets(profile: str, **mixtures: list[str]) -> TrainingSets:
    tree = load_tree(ROOT, profile)
    tree["mixtures"] = {**tree.get("mixtures", {}), **mixtures}
    return TrainingSets(parse(tree))


def captions(sets: TrainingSets, row: str) -> list[str]:
    return [Path(file).stem for file in sets.trained_on(row)]


def test_a_run_is_trained_on_its_pool_and_on_the_captions_of_its_reference():
    flux = sets("flux")
    assert captions(flux, "law_joint_s0") == ["train"]
    assert captions(flux, "headline") == ["headline_prompts", "headline_renders"]


def test_a_snapshot_saw_what_its_run_did():
    tree = load_tree(ROOT, "flux")
    tree["runs"]["headline"]["snapshots"] = [20]
    assert captions(TrainingSets(parse(tree)), "headline_step20") == captions(
        sets("flux"), "headline"
    )


def test_what_a_published_generator_was_trained_on_is_not_known():
    flux = sets("flux")
    assert captions(flux, "teacher") == captions(flux, "start") == []


def test_what_a_teacher_was_trained_on_is_of_all_that_stand_on_it():
    scenes = sets("scenes")
    rows = ("real", "teacher", "start", "law_joint_s0")
    assert [captions(scenes, row) for row in rows] == [["train"]] * 4
    tree = load_tree(ROOT, "scenes")
    tree["pools"] = {"own": {"geneval": 1}}
    tree["runs"]["irdm"]["pool"] = "own"
    assert captions(TrainingSets(parse(tree)), "law_joint_s0") == ["own", "train"]


def test_runs_of_classes_have_no_captions():
    assert sets("demo").trained_on("irdm") == []


def test_a_mixtures_shards_are_those_of_its_sources_in_turn():
    flux = sets("flux", both=["coco", "correct"])
    parts = flux.parts("both")
    assert [part.source for part in parts] == ["coco", *["correct"] * 8]
    assert parts[0].images == "results/flux/images/coco/train.h5"
    assert parts[3].kept == "results/flux/renders/correct/2/kept.jsonl"
    assert len(flux.parts("headline_renders")) == 8 + 64
