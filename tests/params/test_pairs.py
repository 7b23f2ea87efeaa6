"""Renders, mixtures and pools in a profile, and what a person reads after a mistake in them."""

from pathlib import Path
from typing import Any

import pytest

from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.project import load_tree, parse
from tests.params.trees import REMOVED, replaced

ROOT = Path(__file__).resolve().parents[2]
TREE = load_tree(ROOT, "flux")


def changed(key: str, value: Any) -> Any:
    return replaced(TREE, key, value)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("renders.liked.generator", "gan", "renders.liked.generator: found 'gan', allowed: teach"),
        ("renders.liked.keep.count", 25, "renders.liked.keep.count: found 25, allowed: samples ="),
        ("renders.liked.keep", {"kind": "all"}, "renders.liked.keep.kind: found 'all', allowed: "),
        ("renders.liked.prompts", "val", "renders.liked.prompts: found 'val', allowed: 'train'"),
        ("renders.correct.keep.detector", "x", "keep.detector: found 'x', allowed: official"),
        ("renders.correct.prompts", "train", "found 'train', allowed for a detector: geneval"),
        ("mixtures.headline_renders", ["real"], "found 'real', allowed: coco, correct, liked"),
        ("mixtures.headline_renders", ["liked", "liked"], "allowed: each source once"),
        ("mixtures.train", ["liked"], "mixtures.train: found 'train', allowed: any name but"),
        ("pools.coco", {"train": 1}, "pools.coco: found 'coco', allowed: any name but"),
        ("pools.headline_prompts.val", 1, "pools.headline_prompts.val: found "),
        ("pools.headline_prompts.train", 0, "headline_prompts.train: found 0, allowed: greater"),
        ("references.headline.mixture", "x", "references.headline.mixture: found 'x', allowed: h"),
        ("runs.headline.pool", "x", "runs.headline.pool: found 'x', allowed: headline_prompts"),
        (
            "evaluation.preference",
            REMOVED,
            "liked.keep.kind: found 'best', allowed with evaluation",
        ),
        ("dataset.train_captions", REMOVED, "dataset.train_captions: missing"),
    ],
)
def test_a_mistake_is_told_by_its_key(key, value, message):
    with pytest.raises(RdmError) as caught:
        parse(changed(key, value))
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_mixtures_and_pools_are_of_prompts_and_geneval_lists_of_geneval():
    demo = load_tree(ROOT)
    demo["pools"] = {"mine": {"train": 2}}
    with pytest.raises(RdmError, match="prompts: missing, renders, mixtures and pools are of"):
        parse(demo)
    tree = load_tree(ROOT, "scenes")
    tree["pools"] = {"mine": {"geneval": 2}}
    assert parse(tree).pools["mine"] == {"geneval": 2}
    del tree["evaluation"]["geneval"]
    tree["report"].update(table2=None, table2_seeds=None)
    tree["report"]["site"]["also"] = []
    with pytest.raises(RdmError, match=r"pools\.mine\.geneval: found one, allowed with eval"):
        parse(tree)


def test_the_flux_runs_are_the_papers():
    project = parse(TREE)
    run = project.runs["law_joint_s0"]
    assert (run.batch, run.launch.micro_batch, run.steps) == (10240, 8, 150)
    assert (run.weighting, run.labels, run.discrepancy.kind) == (
        "uniform",
        "uniform",
        "mmd_nystrom",
    )
    assert (run.optimizer.learning_rate, run.optimizer.clip) == (2.83e-6, 4.0)
    assert run.launch.precision == "bfloat16"
    joint, marginal = (project.references[name] for name in ("joint", "marginal"))
    assert (joint.bandwidth_scale, joint.landmarks, joint.beta, joint.code_scale) == (
        0.25,
        8192,
        1.0,
        "median",
    )
    assert joint.model_copy(update={"beta": 0.0}) == marginal
    assert project.runs["law_marginal_s0"].model_copy(update={"reference": "joint"}) == run
    assert len(project.battery("law_joint_s0")) == 10
    starts = [
        project.generators[project.warm_starts[n].generator].steps for n in ("teacher", "start")
    ]
    assert starts == [4, 1]


# --- profiles over profiles ---------------------------------------------------------------------


def project_of(folder: Path, **profiles: str) -> Path:
    (folder / "profiles").mkdir()
    (folder / "params.yaml").write_text("{threads: 1, gpu: false, results: x}")
    for name, text in profiles.items():
        (folder / f"profiles/{name}.yaml").write_text(text)
    return folder


def test_a_profile_is_laid_over_the_one_that_it_names(tmp_path):
    root = project_of(
        tmp_path, low="{threads: 2, results: low}", high="{over: low, results: high, gpu: null}"
    )
    assert load_tree(root, "high") == {"threads": 2, "results": "high"}
    assert load_tree(root, "low") == {"threads": 2, "gpu": False, "results": "low"}


def test_a_profile_over_itself_or_over_nothing_is_refused(tmp_path):
    root = project_of(tmp_path, a="{over: b}", b="{over: a}", c="{over: d}")
    with pytest.raises(RdmError, match="profile a: over: laid over itself"):
        load_tree(root, "a")
    with pytest.raises(RdmError, match="profile: found 'd', allowed: demo, a, b, c"):
        load_tree(root, "c")
