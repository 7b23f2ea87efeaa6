"""dvc.yaml says what Snakemake's graph says, and `dvc repro` re-makes what has changed."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from dvc.dependency.param import ParamsDependency
from dvc.repo import Repo
from dvc.stage import PipelineStage

from rdm_pipeline.lineage.record import SUFFIX
from rdm_pipeline.params.pick import picked_keys
from rdm_pipeline.params.project import load_tree
from rdm_pipeline.recipes import Job, planned_jobs, recipe_key
from tests.pipeline.conftest import ROOT, copy_project, edit, git, run, set_param

RESULTS = load_tree(ROOT)["results"]
RECIPES = f"{RESULTS}/recipes.json"


# --- dvc.yaml and the graph ---------------------------------------------------------------------


class Stage:
    """A stage of dvc.yaml and the jobs whose files it owns."""

    def __init__(self, stage: PipelineStage, jobs: list[Job]) -> None:
        self.name, self.command = stage.name, stage.cmd
        self.outs = {out.def_path: out for out in stage.outs}
        params = [dep for dep in stage.deps if isinstance(dep, ParamsDependency)]
        self.keys = {dep.def_path: set(dep.params) for dep in params}
        self.deps = {dep.def_path for dep in stage.deps if dep not in params}
        self.jobs = [job for job in jobs if self.owns(job.outputs[0])]

    def owns(self, file: str) -> bool:
        return any(file == out or file.startswith(f"{out}/") for out in self.outs)

    def products(self) -> set[str]:
        """What the stage makes for others: outputs that no other job of it reads, no shards."""
        read = {file for job in self.jobs for file in job.inputs}
        return {file for job in self.jobs for file in job.outputs} - read

    def shard_folders(self) -> set[str]:
        outputs = {file for job in self.jobs for file in job.outputs}
        return {str(Path(file).parent) for file in outputs - self.products()}


@pytest.fixture(scope="module")
def jobs() -> list[Job]:
    return planned_jobs(ROOT, "--forceall", "--ignore-incomplete")


@pytest.fixture(scope="module")
def stages(tmp_path_factory, jobs) -> Iterator[list[Stage]]:
    folder = copy_project(tmp_path_factory.mktemp("dvc") / "project")
    git(folder, "init", "-q")
    with Repo(str(folder)) as repo:
        found = [Stage(stage, jobs) for stage in repo.index.stages]
    return [stage for stage in found if stage.name != "recipes"]


def test_every_job_belongs_to_one_stage_and_every_stage_to_a_job(stages, jobs):
    for job in jobs:
        owners = [stage.name for stage in stages if job in stage.jobs]
        assert len(owners) == 1, (job.outputs, owners)
        assert {stage.name for stage in stages for file in job.outputs if stage.owns(file)} == {
            *owners
        }
    assert [stage.name for stage in stages if not stage.jobs] == []


def test_the_outs_of_a_stage_are_its_rules_outputs_with_their_records(stages):
    for stage in stages:
        products = stage.products()
        records = {product + SUFFIX for product in products}
        assert set(stage.outs) == products | records | stage.shard_folders(), stage.name


def test_the_deps_of_a_stage_are_its_rules_inputs_with_shards_as_a_whole(stages, jobs):
    wholes = {
        shard: job.outputs[0]
        for job in jobs
        if job.rule.startswith("gather")
        for shard in job.inputs
    }
    for stage in stages:
        inputs = {wholes.get(file, file) for job in stage.jobs for file in job.inputs}
        assert stage.deps == inputs - stage.products(), stage.name


def test_the_params_of_a_stage_are_the_keys_that_its_rules_pick(stages):
    for stage in stages:
        picked: set[str] = set()
        for job in stage.jobs:
            words = shlex.split(job.command)
            picked |= picked_keys(json.loads(words[words.index("--params") + 1]))
        assert stage.keys.get("params.yaml", set()) == picked, stage.name


def test_a_stage_depends_on_the_recipes_of_its_outs_and_no_others(stages):
    for stage in stages:
        made = stage.products() | stage.shard_folders()
        assert stage.keys[RECIPES] == set(map(recipe_key, made)), stage.name


def test_a_stage_calls_snakemake_for_its_own_rules_and_file(stages):
    for stage in stages:
        command, _, target = stage.command.rpartition(" -- ")
        start = "snakemake -c${CORES:-2} --quiet rules --allowed-rules "
        assert command.startswith(start)
        assert set(command.removeprefix(start).split()) == {job.rule for job in stage.jobs}
        assert target in stage.products()


def test_nothing_persists_and_git_holds_the_numbers(stages):
    for stage in stages:
        for path, out in stage.outs.items():
            folder = Path(path).relative_to(RESULTS).parts[0]
            is_number = folder in ("metrics", "judge", "tables") and not path.endswith(SUFFIX)
            assert not out.persist
            assert out.use_cache is not is_number, path
            assert bool(out.metric) is (is_number and path.endswith(".json")), path
            assert bool(out.plot) is path.endswith(".png"), path


# --- dvc repro ----------------------------------------------------------------------------------

TARGET = "features@train-pixels"
FEATURES = f"{RESULTS}/features/fashion_mnist/train/pixels.h5"
CHAIN = {"recipes", "fetch", "images@train", "encoder@pixels", TARGET}


def repro(folder: Path) -> set[str]:
    """Reproduce up to the features of one encoder; return the stages that ran."""
    printed = run(folder, "dvc", "repro", TARGET)
    return {line.split("'")[1] for line in printed.splitlines() if line.startswith("Running stage")}


@pytest.mark.slow
def test_repro_makes_what_changed_and_a_clone_that_pulled_makes_nothing(tmp_path, raw_data):
    first = copy_project(tmp_path / "first")
    set_param(first / "params.yaml", "dataset.source", str(raw_data))
    set_param(first / "params.yaml", "dataset.limits", {"train": 300, "val": 300})
    git(first, "init", "-q")
    run(first, "dvc", "remote", "add", "--default", "store", str(tmp_path / "store"))

    assert repro(first) == CHAIN
    assert repro(first) == set()

    run(first, "dvc", "push", "-q")
    git(first, "add", "-A")
    git(first, "commit", "-qm", "results")
    git(tmp_path, "clone", "-q", str(first), "clone")
    clone = tmp_path / "clone"
    run(clone, "dvc", "pull", "-q", "--allow-missing")
    assert repro(clone) == set()
    assert (clone / FEATURES).read_bytes() == (first / FEATURES).read_bytes()

    # Snakemake sees only new files here: it must not take the old ones for those of a new value.
    set_param(clone / "params.yaml", "panels.demo.pixels.network.seed", 5)
    assert repro(clone) == {"recipes", "encoder@pixels", TARGET}
    shard = FEATURES.replace(".h5", "/0.h5")
    record = json.loads((clone / (shard + SUFFIX)).read_text())
    assert record["params"]["network"]["value"]["seed"] == 5

    edit(clone / "rdm_pipeline/verbs/fetch.py", '"""What fetch reads."""', '"""What it reads."""')
    assert repro(clone) == {"recipes"}
    edit(clone / "rdm_pipeline/verbs/features.py", "DEPTH = 2", "DEPTH = 3")
    assert repro(clone) == {"recipes", TARGET}
    assert run(clone, "dvc", "status", TARGET).strip() == "Data and pipelines are up to date."
