"""Experiments: families of runs that differ from one run in one thing, over several seeds."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, NonNegativeInt, TypeAdapter, ValidationError

from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.explain import explain
from rdm_pipeline.params.merge import merge
from rdm_pipeline.params.runs import Run


class Experiment(Section):
    """`changes` to the run `base` for all variants, then one overlay per variant.

    Snapshots of the base are its own: a member has those that `changes` or its variant names.
    """

    base: str
    changes: dict[str, Any]
    variants: dict[str, dict[str, Any]] = Field(min_length=1)
    seeds: list[NonNegativeInt] = Field(min_length=1)

    def members(self, name: str, variant: str) -> list[str]:
        """Names of a variant's runs, one per seed; `name` is the experiment's."""
        return [member(name, variant, seed) for seed in self.seeds]


def member(experiment: str, variant: str, seed: int) -> str:
    """Name of the run of an experiment's variant with this seed."""
    return f"{experiment}_{variant}_s{seed}"


def expand(tree: Mapping[str, Any], origin: str) -> dict[str, Any]:
    """Return the tree with every member of every experiment as an entry of `runs`."""
    declared = tree.get("runs")
    if not isinstance(declared, Mapping) or not isinstance(tree.get("experiments"), Mapping):
        return dict(tree)  # the schema says what is wrong
    runs = dict(declared)
    for name, experiment in _experiments(tree, origin).items():
        if experiment.base not in declared:
            allowed = ", ".join(declared)
            found = f"experiments.{name}.base: found {experiment.base!r}"
            raise RdmError(f"{origin}: {found}, allowed: {allowed}")
        if _fault(declared[experiment.base]):
            continue  # the schema complains of the run itself
        base = merge({**declared[experiment.base], "snapshots": []}, experiment.changes)
        for variant, overlay in experiment.variants.items():
            for seed in experiment.seeds:
                if member(name, variant, seed) in runs:
                    taken = f"runs.{member(name, variant, seed)}"
                    raise RdmError(f"{origin}: {taken}: found twice, by experiments.{name} again")
                runs[member(name, variant, seed)] = merge(base, overlay) | {"seed": seed}
            fault = _fault(runs[member(name, variant, experiment.seeds[0])])
            if fault:
                key = f"experiments.{name}.variants.{variant}"
                raise RdmError(f"{origin}: {key}, laid over its base: {fault}")
    return {**tree, "runs": runs}


def _experiments(tree: Mapping[str, Any], origin: str) -> dict[str, Experiment]:
    adapter = TypeAdapter(dict[str, Experiment])
    try:
        return adapter.validate_python(tree["experiments"])
    except ValidationError as error:
        reason = explain(error, tree["experiments"])
        raise RdmError(f"{origin}: experiments.{reason}") from None


def _fault(run: Any) -> str | None:
    try:
        Run.model_validate(run)
    except ValidationError as error:
        return explain(error, run)
    return None
