"""How a rule hands parameters to a verb: each value together with its key in params.yaml.

The key travels with the value so that the provenance record can be checked against params.yaml
later, and so that dvc.yaml can be compared with what the rules really read.
"""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.explain import explain

Params = TypeVar("Params", bound=Section)


def pick(tree: Mapping[str, Any], keys: Mapping[str, Any], **constants: Any) -> str:
    """Return JSON that names, for each role in `keys`, a key of `tree` and its value.

    A role may hold a mapping of roles. Constants are what a rule knows by itself, such as the
    name of a wildcard; they carry no key.
    """
    picked = {**_picked(tree, keys), **{k: {"value": v} for k, v in constants.items()}}
    return json.dumps(picked, sort_keys=True, separators=(",", ":"))


def read_picked(text: str, model: type[Params]) -> tuple[Params, dict[str, Any]]:
    """Return a verb's checked parameters and the tree of keys and values for its record."""
    try:
        picked = json.loads(text)
        values = _values(picked)
    except (AttributeError, TypeError, ValueError) as error:
        raise RdmError(f"--params: not the JSON of a rule ({error})") from None
    try:
        return model.model_validate(values), picked
    except ValidationError as error:
        raise RdmError(f"--params: {explain(error, values)}") from None


def picked_keys(picked: Mapping[str, Any]) -> set[str]:
    """Return the keys of params.yaml that a verb was given."""
    if "value" in picked:
        return {picked["key"]} if "key" in picked else set()
    return set().union(*(picked_keys(child) for child in picked.values()))


def _picked(tree: Mapping[str, Any], keys: Mapping[str, Any]) -> dict[str, Any]:
    return {
        role: _picked(tree, key)
        if isinstance(key, Mapping)
        else {"key": key, "value": _look_up(tree, key)}
        for role, key in keys.items()
    }


def _look_up(tree: Mapping[str, Any], key: str) -> Any:
    value: Any = tree
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise RdmError(f"params.yaml: {key}: missing")
        value = value[part]
    return value


def _values(picked: Mapping[str, Any]) -> Any:
    if "value" in picked:
        return picked["value"]
    return {role: _values(child) for role, child in picked.items()}
