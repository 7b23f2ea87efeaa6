"""What a person's word for a target stands for, and what the workflow plans for it."""

import json
from pathlib import Path

import pytest

from rdm_pipeline import targets
from rdm_pipeline.errors import RdmError
from rdm_pipeline.lineage.compare import Plan
from rdm_pipeline.lineage.graph import Graph, load_graph
from rdm_pipeline.recipes import Job
from rdm_pipeline.targets import find_artifact, plan_of, plans, snakemake_name
from tests.lineage.conftest import RESULTS, make_results


@pytest.fixture
def graph(tmp_path, monkeypatch) -> Graph:
    monkeypatch.chdir(tmp_path)
    make_results()
    return load_graph(RESULTS)


@pytest.mark.parametrize(
    ("word", "artifact"),
    [
        ("tables/table1", "tables/table1.csv"),
        ("table1", "tables/table1.csv"),
        ("tables/table1.md", "tables/table1.md"),
        ("samples-irdm", "figures/samples-irdm.png"),
        ("results/tiny/banks/sup.h5", "banks/sup.h5"),
        ("judge/irdm", "judge/irdm.json"),
        ("raw/data", "raw/data"),
    ],
)
def test_an_artifact_is_meant_by_its_path_its_stem_or_its_name(graph, word, artifact):
    assert find_artifact(graph, word) == f"{RESULTS}/{artifact}"


def test_what_is_no_artifact_is_an_error(graph):
    with pytest.raises(RdmError, match="tabel1: no record of it in results/tiny, allowed: figures"):
        find_artifact(graph, "tabel1")


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("all", "all"),
        ("table1", "table1"),
        ("samples-irdm", "results/tiny/figures/samples-irdm.png"),
        ("tables/fig5", "results/tiny/tables/fig5.csv"),
        ("figures/samples-real", "results/tiny/figures/samples-real.png"),
        ("results/tiny/metrics/vae.json", "results/tiny/metrics/vae.json"),
    ],
)
def test_snakemake_is_given_rules_and_files_also_such_as_were_never_made(graph, word, name):
    assert snakemake_name(graph, word) == name


PARAMS = {"threads": {"key": "threads", "value": 1}}
COMMAND = f"rdm bank --train a.h5 --val b.h5 c.h5 --bank d.h5 --params '{json.dumps(PARAMS)}'"
BANK = Job("bank", ["a.h5", "b.h5", "c.h5"], ["d.h5"], f"{COMMAND} 2>&1 | tee logs/d.log")


def test_a_plan_has_the_parameters_of_the_command_and_its_inputs_by_role():
    assert plan_of(BANK) == Plan(PARAMS, {"train": ["a.h5"], "val": ["b.h5", "c.h5"]})


def test_what_the_workflow_does_not_make_any_more_has_no_plan(graph, monkeypatch):
    asked: list[tuple[str, ...]] = []

    def planned_jobs(root: Path, *arguments: str) -> list[Job]:
        asked.append(arguments)
        for name in ("figures/samples-irdm.png", "tables/table1.md"):
            if f"{RESULTS}/{name}" in arguments:
                raise RdmError(f"snakemake -n: No rule to produce {RESULTS}/{name} (if ...)")
        return [BANK]

    monkeypatch.setattr(targets, "planned_jobs", planned_jobs)
    assert plans(graph, "tiny").keys() == {"d.h5"}
    assert len(asked) == 3
    assert f"{RESULTS}/tables/table1.csv" in asked[-1]


def test_other_words_of_snakemake_are_passed_on(graph, monkeypatch):
    def planned_jobs(root: Path, *arguments: str) -> list[Job]:
        raise RdmError("snakemake -n: No rule to produce data/raw (if ...)")

    monkeypatch.setattr(targets, "planned_jobs", planned_jobs)
    with pytest.raises(RdmError, match="data/raw"):
        plans(graph, "tiny")
