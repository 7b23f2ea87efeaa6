"""Explain: the reason of each job in words."""

import pytest

from rdm_pipeline.files import sha256
from rdm_pipeline.lineage import compare
from rdm_pipeline.lineage.compare import Plan, changed_modules, parameter_changes
from rdm_pipeline.lineage.explain import reasons
from rdm_pipeline.lineage.graph import Record, load_graph
from rdm_pipeline.lineage.record import record_path
from tests.lineage.conftest import RESULTS, THREADS, make, planned_as_made

BANK = f"{RESULTS}/banks/sup.h5"


def why(results, plan: Plan | None = None, remade=(), path: str = BANK) -> list[str]:
    graph = load_graph(results)
    record = graph.records.get(path)
    if plan is None:
        plan = planned_as_made(record) if record else Plan({}, {})
    return reasons(graph, [path], plan, remade, [])


def test_what_is_as_it_was_has_no_reason(results):
    assert why(results) == []


def test_a_parameter_is_told_by_key_with_old_and_new_value(results):
    inputs = planned_as_made(load_graph(results).records[BANK]).inputs
    told = {"threads": {"key": "threads", "value": 2}}
    assert why(results, Plan(told, inputs)) == ["parameter threads: was 1, is 2"]
    more = {**THREADS, "rows": {"key": "a.rows", "value": {"x": [1], "y": None}}}
    told = why(results, Plan(more, inputs))
    assert told == ['parameter a.rows: was not there, is {"x": [1], "y": null}']


def test_within_a_tree_the_keys_that_differ_are_told():
    old = {"run": {"key": "runs.a", "value": {"steps": 6, "launch": {"ranks": 1, "nodes": 1}}}}
    new = {"run": {"key": "runs.a", "value": {"launch": {"ranks": 2, "nodes": 1}, "seed": 0}}}
    record = Record.model_construct(params=old)
    assert parameter_changes(record, Plan(new, {})) == [
        "runs.a.launch.ranks: was 1, is 2",
        "runs.a.seed: was not there, is 0",
        "runs.a.steps: was 6, is not there",
    ]


def test_an_input_is_told_with_old_and_new_hash(results):
    old = load_graph(results).records[f"{RESULTS}/images/real.h5"].artifact.sha256
    make("images", {}, {"raw": ["raw/data"]}, **{"images/real.h5": "others"})
    new = load_graph(results).records[f"{RESULTS}/images/real.h5"].artifact.sha256
    assert why(results) == [f"input images/real.h5: was read as {old[:16]}, is {new[:16]}"]


def test_an_input_that_was_edited_is_told_though_its_record_says_nothing(results):
    old = load_graph(results).records[f"{RESULTS}/images/real.h5"].artifact.sha256
    (results / "images/real.h5").write_text("edited")
    new = sha256(results / "images/real.h5")
    assert why(results) == [f"input images/real.h5: was read as {old[:16]}, is {new[:16]}"]


def test_other_inputs_are_told(results):
    plan = Plan(THREADS, {"images": [f"{RESULTS}/images/{n}.h5" for n in ("real", "more")]})
    assert why(results, plan) == [
        "input images/more.h5: is read now, was not",
        "input encoders/sup.safetensors: was read, is no more",
    ]


def test_an_input_that_is_made_again_is_told(results):
    told = ["input images/real.h5: is made again before"]
    assert why(results, remade={f"{RESULTS}/images/real.h5"}) == told


def test_missing_never_made_and_without_a_record_are_three_things(results):
    (results / "banks/sup.h5").unlink()
    assert why(results) == ["banks/sup.h5: missing"]
    record_path(results / "banks/sup.h5").unlink()
    assert why(results) == ["banks/sup.h5: never made"]
    (results / "banks/sup.h5").write_text("foreign")
    assert why(results) == ["banks/sup.h5: is there without a record"]


def test_code_is_told_by_the_file_of_the_module(results, monkeypatch):
    plain = compare.module_hashes
    module = {"rdm_pipeline.reference.bank": "0" * 32}
    monkeypatch.setattr(compare, "module_hashes", lambda verb: plain(verb) | module)
    assert why(results) == ["code rdm_pipeline/reference/bank.py: changed"]


def test_modules_that_came_and_went_are_told():
    found = changed_modules(
        {"a.b": "1", "a.c": "1", "a.d": "1"}, {"a.b": "1", "a.c": "2", "a.e": "1"}
    )
    assert found == ["a/c.py", "a/d.py (gone)", "a/e.py (new)"]


@pytest.mark.parametrize("value", ["x" * 500, list(range(500))])
def test_long_values_are_cut(results, value):
    plan = Plan({"threads": {"key": "threads", "value": value}}, {})
    assert len(why(results, plan)[0]) < 150
