"""The real params.yaml and what a person reads after a mistake in it."""

import copy
import math
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.merge import merge
from rdm_pipeline.params.project import load_tree, parse
from tests.params.trees import REMOVED, replaced

ROOT = Path(__file__).resolve().parents[2]
TREE = load_tree(ROOT)
PROFILES = ["demo", *sorted(path.stem for path in (ROOT / "profiles").glob("*.yaml"))]


def changed(key: str, value: Any) -> Any:
    """Return the demo's tree with the value of one key replaced or removed."""
    return replaced(TREE, key, value)


def complaint(tree: Any) -> str:
    with pytest.raises(RdmError) as caught:
        parse(tree)
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 400
    return text


# --- profiles -----------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_is_valid(profile):
    project = parse(load_tree(ROOT, profile))
    assert all(project.battery(run) for run in project.runs)


def test_profiles_write_to_folders_of_their_own():
    folders = [load_tree(ROOT, profile)["results"] for profile in PROFILES]
    assert len(set(folders)) == len(PROFILES)


def test_an_unknown_profile_is_answered_with_those_that_exist():
    with pytest.raises(RdmError, match=r"profile: found 'smok', allowed: demo, .*smoke"):
        load_tree(ROOT, "smok")


def test_snakemakes_profile_is_no_profile_of_parameters():
    assert (ROOT / "profiles/slurm").is_dir()
    with pytest.raises(RdmError, match=r"found 'slurm', allowed: demo(?!.*slurm)"):
        load_tree(ROOT, "slurm")


def test_the_battery_keeps_the_order_of_the_panel_and_leaves_the_held_out_aside():
    assert parse(TREE).battery("irdm") == [
        name for name, encoder in TREE["panels"]["demo"].items() if encoder["role"] == "train"
    ]
    some = parse(changed("runs.irdm.battery", ["pixels", "sup"]))
    assert some.battery("irdm") == ["sup", "pixels"]


# --- mistakes -----------------------------------------------------------------------------------

SUP = TREE["panels"]["demo"]["sup"]
MISTAKES = [
    # unknown
    ("stepz", 3, "stepz: unknown key, allowed: results, threads, gpu,"),
    (
        "runs.irdm.stepz",
        3,
        "runs.irdm.stepz: unknown key, allowed: init, reference, pool, battery,",
    ),
    ("dataset.nam", "x", "dataset.nam: unknown key, allowed: kind, name, source, limits, shards"),
    ("dataset.limits.test", 1, "dataset.limits.test: unknown key, allowed: train, val"),
    (
        "panels.demo.sup.pretraining.step",
        1,
        "panels.demo.sup.pretraining.step: unknown key, allowed: objective, steps, batch,",
    ),
    ("evaluation.judge.network.px", 1, "evaluation.judge.network.px: unknown key, allowed: family"),
    # missing
    ("runs.irdm.steps", REMOVED, "runs.irdm.steps: missing"),
    ("dataset.kind", REMOVED, "dataset.kind: missing"),
    ("report", REMOVED, "report: missing"),
    ("report.labels.real", REMOVED, "report.labels.real: missing"),
    # of another type
    ("runs.irdm.steps", "many", "runs.irdm.steps: found 'many', allowed: a valid integer"),
    ("runs.irdm.steps", 1.5, "runs.irdm.steps: found 1.5, allowed: a valid integer"),
    ("threads", True, "threads: found True, allowed: a valid integer"),
    ("runs.irdm.controller.relative", "no", "found 'no', allowed: a valid boolean"),
    ("runs.irdm.battery", 3, "runs.irdm.battery: found 3, allowed: 'all' or a valid list"),
    ("dataset", "fashion", "dataset: found 'fashion', allowed: a valid dictionary"),
    ("runs", None, "runs: found None, allowed: a valid dictionary"),
    ("dataset.limits.train", "60000", "dataset.limits.train: found '60000', allowed: a valid int"),
    # out of range
    ("runs.irdm.steps", 0, "runs.irdm.steps: found 0, allowed: greater than 0"),
    ("runs.irdm.controller.ema", 1.5, "runs.irdm.controller.ema: found 1.5, allowed: less than or"),
    ("runs.irdm.optimizer.betas", [0.9, 5], "betas.1: found 5, allowed: less than 1"),
    ("runs.irdm.optimizer.betas", [0.9], "betas: found [0.9], allowed: List should have at least"),
    ("runs.irdm.optimizer.learning_rate", math.inf, "found inf, allowed: a finite number"),
    ("runs.irdm.optimizer.learning_rate", math.nan, "found nan, allowed: "),
    ("runs.irdm.battery", [], "runs.irdm.battery: found [], allowed: 'all' or"),
    ("dataset.kind", "mnist", "dataset.kind: found 'mnist', allowed: 'fashion_mnist', 'folder'"),
    ("panels.demo.sup.network.family", "vgg", "network.family: found 'vgg', allowed: 'convnet', "),
    ("panels.demo.Sup", SUP, "panels.demo.Sup: found 'Sup', allowed: String should match pattern"),
    ("results", "/elsewhere", "results: found '/elsewhere', allowed: String should match pattern"),
    ("results", "../elsewhere", "results: found '../elsewhere', allowed: "),
    # one key against another
    ("panel", "paper", "panel: found 'paper', allowed: demo"),
    ("runs.irdm.init", "gan", "runs.irdm.init: found 'gan', allowed: vae"),
    ("runs.irdm.reference", "x", "runs.irdm.reference: found 'x', allowed: joint"),
    ("runs.irdm.battery", ["sup", "vit"], "runs.irdm.battery: found 'vit', allowed: sup, simclr"),
    ("runs.irdm.battery", ["lite2"], "runs.irdm.battery: found 'lite2', allowed: sup, simclr"),
    ("warm_starts.vae.generator", "x", "warm_starts.vae.generator: found 'x', allowed: decoder"),
    ("warm_starts.vae.kind", "gan", "vae.kind: found 'gan', allowed: 'vae_decoder', 'checkpoint'"),
    (
        "warm_starts.vae",
        {"kind": "checkpoint", "generator": "decoder", "path": "x.pth", "sha256": "12"},
        "warm_starts.vae.sha256: found '12', allowed: String should match pattern",
    ),
    ("generators.decoder.kind", "gan", "decoder.kind: found 'gan', allowed: 'decoder', 'pmf'"),
    ("report.table1.rows", ["gan"], "report.table1.rows: found 'gan', allowed: real, vae, irdm"),
    ("runs.irdm.batch", 100, "runs.irdm.batch: found 100, allowed: a multiple of ranks x micro_b"),
    (
        "runs.irdm.launch.nodes",
        2,
        "runs.irdm.launch.nodes: found 2, allowed: a divisor of ranks = 1",
    ),
    (
        "runs.irdm.snapshots",
        [40, 20],
        "runs.irdm.snapshots: found [40, 20], allowed: ascending, each below steps = 320",
    ),
    ("runs.irdm.snapshots", [20, 20], "runs.irdm.snapshots: found [20, 20], allowed: ascending"),
    ("runs.irdm.snapshots", [320], "runs.irdm.snapshots: found [320], allowed: ascending, each b"),
    ("runs.irdm.snapshots", [0], "runs.irdm.snapshots.0: found 0, allowed: greater than"),
    (
        "runs.irdm_step20",
        TREE["runs"]["irdm"],
        "irdm_step20: found twice, irdm has a snap",
    ),
    ("report.fig1.runs", ["vae"], "report.fig1.runs: found 'vae', allowed: irdm or a member of"),
    ("report.fig1.runs", ["alone_sup_s0"], "report.labels.alone_sup_s0: missing"),
    ("gpu", "yes", "gpu: found 'yes', allowed: a valid boolean"),
    ("runs.vae", TREE["runs"]["irdm"], "runs.vae: found 'vae', allowed: any name but"),
    ("dataset.name", "irdm", "runs.irdm: found 'irdm', allowed: any name but irdm, real"),
    ("panels.demo.judge", SUP, "panels.demo.judge: found 'judge', allowed: any name but judge"),
    (
        "report.comparisons.fig5",
        TREE["report"]["comparisons"]["table3"],
        "report.comparisons.fig5: found 'fig5', allowed: any name but table1, table2,",
    ),
    ("spiral.seeds.mmd", [1], "spiral.seeds.mmd: found 'mmd', allowed: default, frechet, sliced_"),
    ("spiral.seeds.default", REMOVED, "spiral.seeds.default: missing"),
    ("spiral.discrepancies", ["wgan"], "spiral.discrepancies.0: found 'wgan', allowed: 'frechet'"),
    ("spiral.batches", [1], "spiral.batches.0: found 1, allowed: greater than or equal to 2"),
    (
        "spiral.batches",
        [8, 32, 128, 4000],
        "spiral.batches: found 4000, allowed: at most data.points",
    ),
    (
        "spiral.estimators.landmarks",
        2001,
        "spiral.estimators.landmarks: found 2001, allowed: at most data.points = 2000",
    ),
    (
        "panels.demo.pixels.pretraining",
        SUP["pretraining"],
        "panels.demo.pixels.pretraining: found one for pixels, allowed: for convnet and vit",
    ),
]


@pytest.mark.parametrize(("key", "value", "message"), MISTAKES)
def test_a_mistake_is_one_line_with_the_key_what_was_found_and_what_is_allowed(key, value, message):
    text = complaint(changed(key, value))
    assert text.startswith("params.yaml: ")
    assert message in text


def test_of_several_mistakes_the_first_is_explained_and_the_others_counted():
    tree = changed("runs.irdm.steps", 0)
    tree["threads"] = tree["report"]["grid"]["columns"] = "two"
    assert complaint(tree).endswith("allowed: a valid integer (and 2 more)")


def test_a_panel_that_trains_nothing_is_refused():
    tree = changed("panel", "demo")
    for encoder in tree["panels"]["demo"].values():
        encoder["role"] = "held_out"
    assert "panels.demo: found no encoder of role train" in complaint(tree)


def leaves(tree: Any, key: str = "") -> list[str]:
    if not isinstance(tree, dict):
        return [key]
    return [leaf for name in tree for leaf in leaves(tree[name], f"{key}.{name}".strip("."))]


def value_at(key: str) -> Any:
    value: Any = TREE
    for part in key.split("."):
        value = value[part]
    return value


WRONG: dict[type, list[type]] = {
    # a whole number is a fine value of a float
    str: [int, float, bool, list, dict, type(None)],
    int: [str, float, bool, list, dict, type(None)],
    float: [str, bool, list, dict, type(None)],
    bool: [str, int, float, list, dict, type(None)],
    list: [int, float, bool, dict, type(None)],
    type(None): [str, bool, list, float],
}
VALUES: dict[type, st.SearchStrategy[Any]] = {
    str: st.text(max_size=5).map(lambda text: f"*{text}"),
    int: st.integers(),
    float: st.floats(),
    bool: st.booleans(),
    list: st.lists(st.integers(), min_size=1, max_size=4),
    dict: st.just({}) | st.dictionaries(st.just("*"), st.none()),
    type(None): st.none(),
}


OVERLAY = re.compile(r"experiments\.\w+\.(changes|variants)\.")


@st.composite
def wrong_leaves(draw: st.DrawFn) -> tuple[str, Any]:
    # what an experiment lays over its base is refused by the name of the variant: see below
    own = [key for key in leaves(TREE) if not OVERLAY.match(key)]
    key = draw(st.sampled_from(own))
    wrong = list(WRONG[type(value_at(key))])
    # a limit of null is none
    if key.startswith("dataset.limits.") and type(None) in wrong:
        wrong.remove(type(None))
    # numbers that happen to be whole
    if key.startswith(("plan.", "report.site.power.")) and float in wrong:
        wrong.remove(float)
    return key, draw(VALUES[draw(st.sampled_from(wrong))])


@settings(max_examples=300, deadline=None)
@given(wrong_leaves())
def test_any_value_of_a_wrong_type_is_refused_by_its_key(leaf):
    key, value = leaf
    assert key in complaint(changed(key, value))


# --- generators ---------------------------------------------------------------------------------

PMF = load_tree(ROOT, "imagenet")["generators"]["pmf_h"]
FLUX2 = yaml.safe_load("""
kind: flux2
transformer: {num_layers: 1, num_single_layers: 1, num_attention_heads: 2, attention_head_dim: 8}
vae: {block_out_channels: [8], layers_per_block: 1, latent_channels: 2, norm_num_groups: 4}
context_length: 4
context_dim: 6
steps: 1
gradient_checkpointing: false
""")


def test_a_published_size_has_a_name_and_another_one_numbers():
    numbers = {
        "shared_blocks": 1,
        "u_heads": 1,
        "width": 64,
        "attention_heads": 4,
        "bottleneck": 8,
    }
    named = parse(changed("generators.pmf", PMF)).generators["pmf"]
    own = parse(changed("generators.pmf", {**PMF, "size": numbers})).generators["pmf"]
    assert named.size.model_dump() == {
        "shared_blocks": 40,
        "u_heads": 8,
        "width": 1280,
        "attention_heads": 16,
        "bottleneck": 256,
    }
    assert own.size.model_dump() == numbers


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": "XXL"}, "generators.pmf.size: found 'XXL', allowed: T, B, M, L, H, XL or a map"),
        ({"size": {"width": 64}}, "generators.pmf.size.shared_blocks: missing"),
        ({"interval": [0.6, 0.2]}, "generators.pmf.interval: found [0.6, 0.2], allowed: ascending"),
        ({"noise_scale": 0}, "generators.pmf.noise_scale: found 0, allowed: greater than 0"),
    ],
)
def test_a_mistake_in_a_pmf_generator_is_told_by_its_key(change, message):
    assert message in complaint(changed("generators.pmf", {**PMF, **change}))


def test_a_vae_starts_a_decoder_only():
    tree = changed("generators.pmf", PMF)
    tree["warm_starts"]["vae"]["generator"] = "pmf"
    assert "warm_starts.vae.generator: found 'pmf', allowed: decoder" in complaint(tree)


def by_prompts(**start: Any) -> dict[str, Any]:
    """The demo with a flux2, which reads prompts, in place of the decoder."""
    tree = changed("generators", {"klein": FLUX2})
    tree["prompts"] = {"context": {"kind": "minilm", "length": 4}, "text": {"kind": "minilm"}}
    tree["warm_starts"] = {"vae": {"generator": "klein", **(start or PUBLISHED)}}
    return tree


PUBLISHED = {
    "kind": "checkpoint",
    "path": "student.safetensors",
    "vae": {"path": "vae.safetensors"},
}


def test_a_published_flux2_comes_with_its_vae_and_nothing_else_does():
    tree = by_prompts()
    assert parse(tree).warm_starts["vae"].vae.sha256 is None
    del tree["warm_starts"]["vae"]["vae"]
    assert "warm_starts.vae.vae: missing" in complaint(tree)
    tree = changed("warm_starts.vae", {"generator": "decoder", **PUBLISHED})
    assert "warm_starts.vae.vae: found one for decoder, allowed: for flux2" in complaint(tree)


def test_a_flow_teacher_is_a_flux2():
    training = {"steps": 1, "warmup_steps": 0, "batch": 2, "learning_rate": 0.1}
    teacher = {"autoencoder": {**training, "kl_weight": 0.1}, "flow": training}
    start = {"kind": "flow_teacher", "seed": 0, "threads": 1, "teacher": teacher}
    assert parse(by_prompts(**start)).warm_starts["vae"].teacher.flow.batch == 2
    tree = changed("warm_starts.vae", {**start, "generator": "decoder"})
    assert "warm_starts.vae.generator: found 'decoder', allowed: none is" in complaint(tree)


def resampled(**changes: Any) -> dict[str, Any]:
    """The same weights sampled in 4 steps, in a generator with some keys changed."""
    tree = by_prompts()
    tree["generators"]["four"] = {**FLUX2, "steps": 4, **changes}
    tree["warm_starts"]["again"] = {"kind": "resampled", "of": "vae", "generator": "four"}
    return tree


def test_weights_are_sampled_again_by_the_same_network_only():
    assert parse(resampled(gradient_checkpointing=True)).generators["four"].steps == 4
    other = resampled(transformer={**FLUX2["transformer"], "num_layers": 2})
    assert "warm_starts.again.generator: found 'four', allowed: klein" in complaint(other)
    tree = resampled()
    tree["warm_starts"]["again"]["of"] = "again"
    assert "warm_starts.again.of: found 'again', allowed: vae" in complaint(tree)
    tree = resampled()
    tree["warm_starts"] = dict(reversed(tree["warm_starts"].items()))
    tree["warm_starts"]["vae"]["generator"] = "two"
    assert "warm_starts.vae.generator: found 'two', allowed: klein, four" in complaint(tree)


def test_contexts_have_the_length_that_the_generator_takes():
    tree = by_prompts()
    tree["prompts"]["context"]["length"] = 48
    told = "generators.klein.context_length: found 4, allowed: prompts.context.length = 48"
    assert told in complaint(tree)


def test_prompts_are_for_generators_that_read_them():
    tree = by_prompts()
    prompts = tree.pop("prompts")
    assert "prompts: missing, generators.klein of kind flux2 reads them" in complaint(tree)
    told = "generators.decoder.kind: found 'decoder', which takes classes, allowed with prompts: fl"
    assert told in complaint(changed("prompts", prompts))


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("attention_head_dim", 12, "attention_head_dim: found 12, allowed: a multiple of 8"),
        ("norm_num_groups", 3, "vae.block_out_channels: found 8, allowed: multiples of norm_num_"),
        ("context_length", 0, "context_length: found 0, allowed: greater than 0"),
    ],
)
def test_a_mistake_in_a_flux2_is_told_by_its_key(key, value, message):
    spec = copy.deepcopy(FLUX2)
    (part,) = [p for p in (spec, spec["transformer"], spec["vae"]) if key in p]
    part[key] = value
    assert message in complaint(changed("generators.klein", spec))


def test_the_imagenet_run_is_the_papers():
    run = parse(load_tree(ROOT, "imagenet")).runs["irdm"]
    assert (run.batch, run.launch.micro_batch, run.steps) == (5120, 8, 4000)
    assert (run.weighting, run.labels, run.discrepancy.kind) == (
        "controller",
        "uniform",
        "mmd_nystrom",
    )
    assert run.optimizer.learning_rate == 1.6e-6
    assert (run.optimizer.betas, run.optimizer.clip) == ([0.9, 0.95], 2.0)
    assert (run.optimizer.weight_decay, run.optimizer.schedule) == (0.0, "constant")


def test_the_imagenet_profile_uses_all_images_and_the_papers_tables():
    project = parse(load_tree(ROOT, "imagenet"))
    assert project.dataset.limits.train is None
    assert set(project.report.comparisons) == {"table3", "table6"}
    batches = [project.runs[f"batch_n{n}_s0"] for n in (512, 1280, 2560, 5120, 10240)]
    for run in batches:
        assert run.optimizer.learning_rate == pytest.approx(
            1.6e-6 * (run.batch / 5120) ** 0.5, rel=1e-3
        )
        assert run.batch * run.steps == 7_065_600
        assert run.launch == project.runs["irdm"].launch
        base = project.runs["irdm"].optimizer.model_dump(exclude={"learning_rate"})
        assert run.optimizer.model_dump(exclude={"learning_rate"}) == base
    assert {project.battery(f"batch_n{n}_s0")[0] for n in (512, 10240)} == {"dinov2"}


def test_figure_6_needs_rows_with_labels_and_a_model():
    tree = load_tree(ROOT, "smoke")
    tree["report"]["fig6"]["against"] = ["gan"]
    assert "report.fig6.against: found 'gan', allowed: real, vae, irdm" in complaint(tree)
    tree = load_tree(ROOT, "smoke")
    del tree["evaluation"]["preference"]
    assert "evaluation.preference.classes: missing, report.fig6 is scored by it" in complaint(tree)
    tree = load_tree(ROOT, "smoke")
    tree["evaluation"]["preference"]["classes"]["prompt"] = "a photo"
    told = "evaluation.preference.classes.prompt: found 'a photo', allowed: one {}"
    assert told in complaint(tree)


def test_pickscore_needs_lists_of_prompts_and_generators_that_are_here():
    tree = load_tree(ROOT, "flux")
    tree["report"]["pickscore"]["rows"] = ["teacher", "real"]
    assert "report.pickscore.rows: found 'real', allowed: teacher, start, irdm," in complaint(tree)
    tree = load_tree(ROOT, "flux")
    tree["report"]["pickscore"]["against"] = "headline"
    assert "report.pickscore.against: found 'headline', allowed: teacher, start," in complaint(tree)
    tree = load_tree(ROOT, "flux")
    tree["report"]["pickscore"]["rows"].append("teacher")
    assert "report.pickscore.rows: found 'teacher' twice, allowed: once" in complaint(tree)
    tree = load_tree(ROOT, "flux")
    tree["evaluation"]["preference"]["lists"]["coco_val"]["label"] = "Pick-a-Pic 499"
    assert "lists: label: found 'Pick-a-Pic 499' twice, allowed: once" in complaint(tree)
    tree = load_tree(ROOT, "flux")
    del tree["report"]["labels"]["start"]
    assert "report.labels.start: missing" in complaint(tree)
    tree = load_tree(ROOT, "flux")
    lists = tree["evaluation"]["preference"].pop("lists")
    assert "evaluation.preference.lists: missing, report.pickscore is" in complaint(tree)
    tree["evaluation"]["preference"]["lists"] = {"headline": lists["coco_val"]}
    assert "evaluation.preference.lists.headline: found 'headline', allowed" in complaint(tree)
    tree = load_tree(ROOT, "smoke")
    tree["evaluation"]["preference"]["lists"] = lists
    assert "prompts: missing, evaluation.preference.lists are of prompts" in complaint(tree)


def test_a_snapshot_may_be_a_row_of_tables_of_prompts():
    tree = load_tree(ROOT, "flux")
    tree["runs"]["headline"]["snapshots"] = [20, 160]
    tree["report"]["labels"]["headline_step160"] = "step 160"
    for table in ("table2", "pickscore"):
        tree["report"][table]["rows"] = ["teacher", "headline_step160"]
    assert parse(tree).report.pickscore.rows == ["teacher", "headline_step160"]
    tree["report"]["table2"]["rows"] = ["headline_step40"]
    assert "report.table2.rows: found 'headline_step40', allowed: real, teacher" in complaint(tree)


def test_table_2_needs_detectors_and_prompts_that_they_know():
    tree = load_tree(ROOT, "scenes")
    scorer = {"kind": "scorer", "label": "other", "command": ["score", "{images}"], "files": []}
    tree["evaluation"]["geneval"]["detectors"]["other"] = scorer
    assert "detectors.other.command: found no {results}, needed" in complaint(tree)
    tree = load_tree(ROOT, "scenes")
    tree["evaluation"]["geneval"]["prompts"] = "evaluation_metadata.jsonl"
    assert "detectors.exact.kind: found scenes, allowed: for prompts over" in complaint(tree)
    tree = load_tree(ROOT, "scenes")
    tree["dataset"] = load_tree(ROOT)["dataset"]
    assert "evaluation.geneval.prompts: missing, a dataset of kind fashion_mnist" in complaint(tree)
    tree = load_tree(ROOT, "scenes")
    del tree["evaluation"]["geneval"]
    assert "evaluation.geneval: missing, report.table2 is scored by it" in complaint(tree)
    tree = load_tree(ROOT, "scenes")
    tree["report"]["table2"]["rows"] = ["gan"]
    assert "report.table2.rows: found 'gan', allowed: real, teacher, start," in complaint(tree)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        (
            {"rows": {"joint": ["gan"]}, "order": []},
            "table2_seeds.rows.joint: found 'gan', allowed",
        ),
        ({"detector": "eye"}, "table2_seeds.detector: found 'eye', allowed: exact"),
        ({"order": ["ours"]}, "table2_seeds.order: found 'ours', allowed: one step, joint"),
        (
            {"rows": {"a": ["irdm"], "b": ["start", "irdm"]}, "order": ["a", "b"]},
            "table2_seeds.order: found {'a': 1, 'b': 2} generators, allowed: as many in each",
        ),
    ],
)
def test_table_2_over_seeds_is_of_generators_and_a_detector_that_there_are(changes, found):
    tree = load_tree(ROOT, "scenes")
    told = {"detector": "exact", "rows": {"one step, joint": ["irdm"]}, "order": []}
    tree["report"]["table2_seeds"] = {**told, **changes}
    assert found in complaint(tree)


def test_given_samples_are_rows_under_a_name_of_their_own():
    tree = changed("samples", {"rae": {"path": "data/rae"}})
    tree["report"]["table1"]["rows"].append("rae")
    assert "report.labels.rae: missing" in complaint(tree)
    tree["report"]["labels"]["rae"] = "RAE-XL"
    assert parse(tree).report.table1.rows[-1] == "rae"
    taken = complaint(changed("samples", {"irdm": {"path": "x"}}))
    assert "runs.irdm: found 'irdm', allowed: any name but" in taken


# --- YAML ---------------------------------------------------------------------------------------


def load_text(folder: Path, text: str) -> Any:
    (folder / "params.yaml").write_text(text)
    return parse(load_tree(folder))


@pytest.mark.parametrize(
    ("written", "advice"),
    [("1e-3", "0.001"), ("1e-7", "1.0e-07"), ("2e3", "2000"), ("'0.5'", "0.5")],
)
def test_a_number_that_yaml_reads_as_text_is_answered_with_how_to_write_it(
    tmp_path, written, advice
):
    text = (ROOT / "params.yaml").read_text().replace("jitter: 0.000001", f"jitter: {written}")
    with pytest.raises(RdmError, match=f"jitter: found .*; this is text to YAML: write {advice}$"):
        load_text(tmp_path, text)
    assert isinstance(yaml.safe_load(advice), int | float)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "params.yaml: not YAML: "),
        ("a: 1\nb: {c: 1, c: 2}", "not YAML: c twice .*line 2"),
        ("", "params.yaml: found NoneType, allowed: a mapping"),
        ("[1, 2]", "params.yaml: found list, allowed: a mapping"),
        ("{}", "params.yaml: results: missing"),
        ("1: 2", "params.yaml: 1: unknown key"),
        ("? [a]\n: 2", "params.yaml: not YAML: "),
        ("a: !!python/object:os.system {}", "params.yaml: not YAML: "),
    ],
)
def test_what_is_no_tree_of_keys_is_one_line(tmp_path, text, message):
    with pytest.raises(RdmError, match=message) as caught:
        load_text(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_a_folder_without_parameters_is_one_line(tmp_path):
    with pytest.raises(RdmError, match=r"params.yaml: not there"):
        load_tree(tmp_path)


def test_bytes_that_are_no_text_are_one_line(tmp_path):
    (tmp_path / "params.yaml").write_bytes(b"a: \xff")
    with pytest.raises(RdmError, match=r"params.yaml: not YAML"):
        load_tree(tmp_path)


# --- overlays -----------------------------------------------------------------------------------

NAMES = st.sampled_from("abc")
FULL = st.recursive(
    st.integers(0, 3), lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)
TREES = st.dictionaries(NAMES, FULL, max_size=3)
OVERLAYS = st.dictionaries(
    NAMES,
    st.recursive(
        st.integers(0, 3) | st.none(),
        lambda inner: st.dictionaries(NAMES, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=3,
)


@given(TREES)
def test_an_empty_overlay_changes_nothing_and_over_nothing_an_overlay_is_itself(tree):
    assert merge(tree, {}) == merge({}, tree) == merge(tree, tree) == tree


@given(TREES, OVERLAYS)
def test_an_overlay_laid_twice_is_the_same_as_once(tree, overlay):
    once = merge(tree, overlay)
    assert merge(once, overlay) == once


@given(TREES, OVERLAYS)
def test_merging_leaves_both_sides_as_they_were(tree, overlay):
    before = copy.deepcopy((tree, overlay))
    merge(tree, overlay)
    assert (tree, overlay) == before


@given(TREES, TREES)
def test_what_an_overlay_says_holds_and_what_it_leaves_out_stays(tree, overlay):
    merged = merge(tree, overlay)
    assert set(merged) == set(tree) | set(overlay)
    for name in merged:
        if name not in overlay:
            assert merged[name] == tree[name]
        elif not isinstance(overlay[name], dict):
            assert merged[name] == overlay[name]


def test_null_removes_a_key_and_a_list_is_replaced_whole():
    tree = {"a": {"b": 1, "c": [1, 2]}}
    assert merge(tree, {"a": {"b": None, "c": [3]}}) == {"a": {"c": [3]}}


def test_a_report_shows_preference_only_where_it_is_declared():
    assert "report.site.also: found fig6, allowed: what is declared; report.fig6 is not" in (
        complaint(changed("report.site.also", ["fig6"]))
    )
    assert "report.site.also: found table2, allowed: what is declared; report.table2 is not" in (
        complaint(changed("report.site.also", ["table2"]))
    )
    told = complaint(changed("report.site.also", ["fig7"]))
    assert "report.site.also" in told and "'fig6'" in told
    assert parse(changed("report.site.also", ["ablations", "studies"])).report.site.also
    assert parse(changed("report.site.power", None)).report.site.power is None
