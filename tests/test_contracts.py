"""What holds between parts that no tool checks: verbs and command line, rules and verbs, files."""

import ast
import importlib
import inspect
import shlex
from pathlib import Path

import pytest

from rdm_pipeline.catalog import VERBS
from rdm_pipeline.cli import _listed, _parser
from rdm_pipeline.params.pick import read_picked
from rdm_pipeline.params.project import load_tree
from rdm_pipeline.recipes import Job, planned_jobs, recipe_key, recipe_tree
from tests.pipeline import prompts
from tests.pipeline.conftest import copy_project, set_param

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "rdm_pipeline").rglob("*.py"))
RESULTS = load_tree(ROOT)["results"]
PARSER = _parser()


# --- verbs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_takes_its_parameters_and_the_files_that_the_command_line_names(name):
    module = importlib.import_module(f"rdm_pipeline.verbs.{name}")
    verb = VERBS[name]
    files = {key.rstrip("*?"): key for key in (*verb.inputs, *verb.outputs, *verb.logs)}
    _, *found = inspect.signature(module.run).parameters.values()
    if [parameter.kind for parameter in found] == [inspect.Parameter.VAR_KEYWORD]:
        _, *found = inspect.signature(module.work).parameters.values()
    number = {Path: "", list[Path]: "*", Path | None: "?"}
    assert {p.name: p.name + number[p.annotation] for p in found} == files


def test_every_file_of_verbs_is_a_verb_of_the_command_line():
    files = {path.stem for path in (ROOT / "rdm_pipeline/verbs").glob("*.py")} - {"__init__"}
    assert files == set(VERBS)


# --- rules --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def jobs() -> list[Job]:
    return planned_jobs(
        *(ROOT, "--forceall", "--ignore-incomplete"),
        *("--", "all", "studies", "ablations", "report"),
    )


@pytest.fixture(scope="module")
def all_jobs(jobs, tmp_path_factory) -> list[Job]:
    """The demo's jobs, its experiments', and those of what the demo has not: what is imported."""
    anew = ("--forceall", "--ignore-incomplete")
    start = "results/imagenet/runs/pmf_h/generator.safetensors"
    imported = planned_jobs(ROOT, *anew, "--config", "profile=imagenet", "--", start)
    preferred = planned_jobs(ROOT, *anew, "--config", "profile=smoke", "--", "fig1", "fig6")
    elsewhere = copy_project(tmp_path_factory.mktemp("contracts") / "project")
    set_param(elsewhere / "params.yaml", "samples", {"theirs": {"path": "theirs"}})
    given = f"{RESULTS}/images/theirs/samples.h5"
    taken = planned_jobs(elsewhere, *anew, "--", given)
    command = ["score", "{images}", "{results}"]
    scorer = {"kind": "scorer", "label": "another", "command": command, "files": []}
    set_param(elsewhere / "profiles/scenes.yaml", "evaluation.geneval.detectors.other", scorer)
    tables = ("table2", "table2_seeds")
    scored = planned_jobs(elsewhere, *anew, "--config", "profile=scenes", "--", *tables)
    texts = prompts.write_project(tmp_path_factory.mktemp("contracts") / "prompts")
    wanted = prompts.targets("law_exact_s0", "law_mixed_s0")
    conditioned = planned_jobs(texts, *anew, "--config", "profile=prompts", "--", *wanted)
    ablations = planned_jobs(ROOT, *anew, "--", "ablations")
    prompted = ("table2", "pickscore")
    headline = "results/flux/runs/headline/generator.safetensors"
    curated = planned_jobs(ROOT, *anew, "--config", "profile=flux", "--", headline, *prompted)
    return jobs + ablations + imported + preferred + taken + scored + conditioned + curated


def parsed(job: Job) -> dict:
    return vars(PARSER.parse_args(shlex.split(job.command.partition(" 2>&1")[0])[1:]))


def test_every_verb_is_called_by_a_rule(all_jobs):
    assert {parsed(job)["command"] for job in all_jobs} == set(VERBS)


def test_every_job_gives_its_verb_parameters_that_the_verb_allows(all_jobs):
    for job in all_jobs:
        options = parsed(job)
        module = importlib.import_module(f"rdm_pipeline.verbs.{options['command']}")
        read_picked(options["params"], module.Params)


def test_the_files_of_a_job_are_those_on_its_command_line(all_jobs):
    for job in all_jobs:
        options = parsed(job)
        verb = VERBS[options["command"]]
        for keys, files in ((verb.inputs, job.inputs), (verb.outputs, job.outputs)):
            named = [path for key in keys for path in _listed(options[key.rstrip("*?")])]
            assert set(map(str, named)) == set(files), job.rule


def test_every_job_keeps_a_log_and_writes_below_the_results_folder_alone(jobs):
    for job in jobs:
        assert " 2>&1 | tee logs/demo/" in job.command
        assert all(output.startswith(f"{RESULTS}/") for output in job.outputs)
        assert all(path.startswith(f"{RESULTS}/") for path in job.inputs)


def test_no_two_jobs_write_the_same_file_or_log(jobs):
    outputs = [output for job in jobs for output in job.outputs]
    logs = [job.command.rpartition("tee ")[2] for job in jobs]
    assert len(set(outputs)) == len(outputs)
    assert len(set(logs)) == len(logs)


def test_recipes_are_there_for_every_artifact_and_follow_command_and_code(jobs, monkeypatch):
    tree = recipe_tree(jobs)
    for job in jobs:
        for output in job.outputs:
            assert len(recipe_of(tree, output)) == 64

    one = jobs[-1].outputs[0]
    edited = [
        Job(job.rule, job.inputs, job.outputs, job.command + ("x" if one in job.outputs else ""))
        for job in jobs
    ]
    assert recipe_of(recipe_tree(edited), one) != recipe_of(tree, one)
    monkeypatch.setattr("rdm_pipeline.recipes.accepted_fingerprint", lambda verb: verb == "fetch")
    assert recipe_tree(jobs)["raw"] != tree["raw"]


def recipe_of(tree: dict, output: str) -> str:
    for part in recipe_key(output).split("."):
        tree = tree[part]
    return tree


# --- the package --------------------------------------------------------------------------------


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_only_artifacts_opens_artifact_files():
    users = {path.name for path in SOURCES if {"h5py", "safetensors"} & imported(path)}
    assert users == {"artifacts.py", "trust.py"}


def test_nothing_is_pickled():
    formats = {"pickle", "joblib", "dill", "shelve", "marshal"}
    assert [path for path in SOURCES if formats & imported(path)] == []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
                assert "weights_only=True" in ast.unparse(node), path


def test_no_function_guesses_a_missing_parameter():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr":
                owner = ast.unparse(node.args[0])
                guessed = len(node.args) == 3 and ("params" in owner or "spec" in owner)
                assert not guessed, f"{path}:{node.lineno}"


def test_tests_lie_where_the_module_that_they_test_does():
    folders = {path.name for path in (ROOT / "rdm_pipeline").iterdir() if path.is_dir()}
    extra = {"pipeline"}
    found = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()}
    assert found - {"__pycache__"} - extra <= folders
