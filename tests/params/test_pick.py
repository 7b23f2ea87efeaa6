"""What a rule hands to a verb: values with their keys."""

import json

import pytest
from pydantic import PositiveInt

from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.pick import pick, picked_keys, read_picked

TREE = {"threads": 2, "runs": {"a": {"seed": 7, "steps": 3}, "b": {"seed": 8, "steps": 4}}}


class Steps(Section):
    seed: int
    steps: PositiveInt


class Params(Section):
    threads: int
    run: Steps
    seeds: dict[str, int]
    encoder: str


PICKED = pick(
    TREE,
    {"threads": "threads", "run": "runs.a", "seeds": {"a": "runs.a.seed", "b": "runs.b.seed"}},
    encoder="sup",
)


def test_a_verb_reads_the_values_of_the_keys_and_the_rules_own_constants():
    params, _ = read_picked(PICKED, Params)
    assert params == Params(
        threads=2, run=Steps(seed=7, steps=3), seeds={"a": 7, "b": 8}, encoder="sup"
    )


def test_each_value_travels_with_its_key_and_a_constant_with_none():
    _, recorded = read_picked(PICKED, Params)
    assert recorded["run"] == {"key": "runs.a", "value": {"seed": 7, "steps": 3}}
    assert recorded["seeds"]["b"] == {"key": "runs.b.seed", "value": 8}
    assert recorded["encoder"] == {"value": "sup"}
    assert picked_keys(recorded) == {"threads", "runs.a", "runs.a.seed", "runs.b.seed"}


def test_the_text_does_not_depend_on_the_order_of_the_roles():
    roles = {"threads": "threads", "run": "runs.a"}
    assert pick(TREE, roles) == pick(TREE, dict(reversed(roles.items())))


def test_the_text_changes_when_a_picked_value_does_and_not_with_another():
    roles = {"run": "runs.a"}
    other = {**TREE, "threads": 3}
    assert pick(TREE, roles) == pick(other, roles)
    edited = {**TREE, "runs": {**TREE["runs"], "a": {"seed": 7, "steps": 9}}}
    assert pick(TREE, roles) != pick(edited, roles)


def test_a_null_is_picked_as_a_value():
    params = json.loads(pick({"limits": {"train": None}}, {"limit": "limits.train"}))
    assert params == {"limit": {"key": "limits.train", "value": None}}


@pytest.mark.parametrize("key", ["run", "runs.c", "runs.a.seed.more", "threads.x"])
def test_a_key_that_is_not_there_is_named(key):
    with pytest.raises(RdmError, match=f"params.yaml: {key}: missing"):
        pick(TREE, {"role": key})


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '"value"', "null", '{"a": 3}', '{"a": [3]}'])
def test_what_is_no_rules_json_is_one_line(text):
    with pytest.raises(RdmError, match="--params: not the JSON of a rule") as caught:
        read_picked(text, Params)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "--params: threads: missing"),
        ('{"steps": {"value": 0}, "seed": {"value": 1}}', "steps: found 0, allowed: greater"),
        ('{"steps": {"value": NaN}, "seed": {"value": 1}}', "steps: found nan, allowed: "),
        ('{"more": {"value": 1}}', "more: unknown key, allowed: seed, steps"),
    ],
)
def test_values_that_a_verb_does_not_allow_are_one_line(text, message):
    with pytest.raises(RdmError, match=message):
        read_picked(text, Params if text == "{}" else Steps)
