"""Experiments: what their members are, and what is refused."""

import copy

import pytest

from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.project import parse
from tests.params.test_project import ROOT, TREE, complaint, load_tree  # noqa: F401


def with_experiment(**changes):
    tree = copy.deepcopy(TREE)
    tree["experiments"] = {
        "lr": {
            "base": "irdm",
            "changes": {"steps": 7},
            "variants": {"slow": {"optimizer": {"learning_rate": 0.001}}, "same": {}},
            "seeds": [3, 5],
            **changes,
        }
    }
    tree["report"] |= {"comparisons": {}}
    del tree["report"]["fig5"]
    return tree


def test_members_are_runs_of_their_own_one_per_variant_and_seed():
    project = parse(with_experiment())
    assert project.own_runs == ["irdm"]
    assert list(project.runs)[1:] == ["lr_slow_s3", "lr_slow_s5", "lr_same_s3", "lr_same_s5"]
    slow, base = project.runs["lr_slow_s5"], project.runs["irdm"]
    assert (slow.steps, slow.seed, slow.optimizer.learning_rate) == (7, 5, 0.001)
    assert slow.optimizer.betas == base.optimizer.betas
    assert base.steps != 7
    assert project.runs["lr_same_s3"].optimizer == base.optimizer


def test_a_member_has_the_snapshots_that_its_experiment_names_and_none_of_the_base():
    project = parse(with_experiment(variants={"kept": {"snapshots": [3, 5]}, "same": {}}))
    assert project.runs["irdm"].snapshots and not project.runs["lr_same_s3"].snapshots
    assert project.snapshots_of("lr_kept_s5") == ["lr_kept_s5_step3", "lr_kept_s5_step5"]
    assert project.snapshots["lr_kept_s5_step3"] == ("lr_kept_s5", 3)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"base": "gan"}, "experiments.lr.base: found 'gan', allowed: irdm"),
        (
            {"changes": {"steps": "many"}},
            "experiments.lr.variants.slow, laid over its base: steps: found 'many', allowed: a",
        ),
        (
            {"variants": {"odd": {"batch": 100}}},
            "experiments.lr.variants.odd, laid over its base: batch: found 100, allowed: a multip",
        ),
        (
            {"variants": {"odd": {"wheels": 4}}},
            "experiments.lr.variants.odd, laid over its base: wheels: unknown key",
        ),
        ({"seeds": []}, "experiments.lr.seeds: found []"),
        ({"spares": 1}, "experiments.lr.spares: unknown key"),
    ],
)
def test_a_mistake_names_the_experiment_and_the_variant(changes, told):
    assert told in complaint(with_experiment(**changes))


def test_a_table_may_only_list_variants_of_its_experiment():
    tree = copy.deepcopy(TREE)
    tree["report"]["comparisons"]["table3"]["rows"] = ["controller", "oracle"]
    assert "report.comparisons.table3.rows: found 'oracle', allowed: controller," in complaint(tree)


def test_a_run_may_not_take_a_members_name():
    tree = with_experiment()
    tree["runs"]["lr_same_s3"] = tree["runs"]["irdm"]
    with pytest.raises(RdmError, match=r"runs\.lr_same_s3: found twice, by experiments.lr again"):
        parse(tree)


def test_a_seed_may_not_be_listed_twice():
    assert "runs.lr_slow_s3: found twice" in complaint(with_experiment(seeds=[3, 3]))


def test_figure_5_is_of_a_run_on_one_encoder():
    tree = copy.deepcopy(TREE)
    tree["experiments"]["alone"]["changes"]["battery"] = ["sup", "pixels"]
    assert "report.fig5.variant: trains on sup, pixels, allowed: on one" in complaint(tree)


def trained_on_held_out() -> dict:
    """The demo with a variant that trains on vae, which is held out."""
    tree = with_experiment(variants={"odd": {"battery": ["vae"]}, "same": {}})
    table = {"title": "T", "experiment": "lr", "rows": ["odd", "same"], "baselines": ["real"]}
    tree["report"]["comparisons"] = {"t": {**table, "scored_on": "vae", "paper_order": []}}
    return tree


def test_an_experiment_may_train_on_a_held_out_encoder_if_no_score_of_the_panel_is_shown():
    tree = trained_on_held_out()
    assert parse(tree).battery("lr_odd_s3") == ["vae"]
    tree["report"]["comparisons"]["t"]["scored_on"] = "panel"
    told = "report.comparisons.t.scored_on: found scores of the panel of lr_odd_s3, which trains on"
    assert told in complaint(tree)
    tree["report"]["comparisons"] = {}
    tree["report"]["fig5"] = {"experiment": "lr", "variant": "odd", "beside": ["real"]}
    assert "report.fig5.variant: found scores of the panel" in complaint(tree)


def test_a_run_of_its_own_may_not():
    tree = with_experiment()
    tree["runs"]["irdm"]["battery"] = ["vae"]
    assert "runs.irdm.battery: found 'vae', allowed: sup" in complaint(tree)
