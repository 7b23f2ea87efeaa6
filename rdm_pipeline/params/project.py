"""All parameters of a profile, read once and checked as a whole."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, PositiveInt, StringConstraints, ValidationError, model_validator

from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.dataset import DatasetSpec
from rdm_pipeline.params.encoders import EncoderSpec
from rdm_pipeline.params.evaluation import EvaluationSpec, Report
from rdm_pipeline.params.experiments import Experiment, expand
from rdm_pipeline.params.explain import explain
from rdm_pipeline.params.generators import Flux2Spec, GeneratorSpec, network_of
from rdm_pipeline.params.merge import merge
from rdm_pipeline.params.names import Name, require, require_free
from rdm_pipeline.params.pairs import Mixture, Pool, Renders, renders_fault
from rdm_pipeline.params.panel import panel_order, training_encoders
from rdm_pipeline.params.plan import PlanSpec
from rdm_pipeline.params.preference import ScoredList
from rdm_pipeline.params.profiles import DEFAULT_PROFILE, profile_chain, read_overlay, read_yaml
from rdm_pipeline.params.references import ReferenceSpec
from rdm_pipeline.params.runs import CheckpointStart, GivenSamples, ResampledStart, Run, WarmStart
from rdm_pipeline.params.spiral import Spiral
from rdm_pipeline.params.tables import require_report
from rdm_pipeline.params.text import Prompts

Panel = dict[Name, EncoderSpec]

# Kinds of warm starts that train a generator, and the kind that it is of.
TRAINED_HERE = {"vae_decoder": "decoder", "flow_teacher": "flux2"}


class Project(Section):
    """The parameters of one profile."""

    results: Annotated[str, StringConstraints(pattern=r"^[^/.][^:]*$", strict=True)]
    threads: PositiveInt
    gpu: bool
    dataset: DatasetSpec
    panel: Name
    panels: dict[Name, Panel]
    prompts: Prompts | None = None
    generators: dict[Name, GeneratorSpec]
    references: dict[Name, ReferenceSpec]
    warm_starts: dict[Name, WarmStart]
    samples: dict[Name, GivenSamples] = Field(default_factory=dict)
    renders: dict[Name, Renders] = Field(default_factory=dict)
    mixtures: dict[Name, Mixture] = Field(default_factory=dict)
    pools: dict[Name, Pool] = Field(default_factory=dict)
    runs: dict[Name, Run]
    experiments: dict[Name, Experiment] = Field(default_factory=dict)
    evaluation: EvaluationSpec
    plan: PlanSpec
    spiral: Spiral
    report: Report

    @property
    def encoders(self) -> Panel:
        """The chosen panel."""
        return self.panels[self.panel]

    def battery(self, run: str) -> list[str]:
        """Names of the encoders that the run trains on, in the panel's order."""
        chosen = self.runs[run].battery
        if chosen == "all":
            return training_encoders(self.encoders)
        return [name for name in panel_order(self.encoders) if name in chosen]

    def snapshots_of(self, run: str) -> list[str]:
        """Names of the generators that a run's snapshots are, in the order of their steps."""
        return [_snapshot(run, step) for step in self.runs[run].snapshots]

    @property
    def drawn(self) -> list[str]:
        """Names of the generators whose weights are here: they draw images of any prompts."""
        return [*self.warm_starts, *self.runs, *self.snapshots]

    @property
    def snapshots(self) -> dict[str, tuple[str, int]]:
        """Run and step of every snapshot, by its name as a generator."""
        kept = [(run, step) for run, told in self.runs.items() for step in told.snapshots]
        return {_snapshot(run, step): (run, step) for run, step in kept}

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        require("panel", self.panel, self.panels)
        if not training_encoders(self.encoders):
            raise ValueError(f"panels.{self.panel}: found no encoder of role train, allowed: some")
        for name, run in self.runs.items():
            require(f"runs.{name}.init", run.init, self.warm_starts)
            require(f"runs.{name}.reference", run.reference, self.references)
            # Held-out encoders are for experiments alone, whose members no table of the panel has.
            trainable = training_encoders if name in self.own_runs else panel_order
            for encoder in [] if run.battery == "all" else run.battery:
                require(f"runs.{name}.battery", encoder, trainable(self.encoders))
        return self

    @model_validator(mode="after")
    def _warm_starts_fit(self) -> Self:
        made = self.generators
        for name, start in self.warm_starts.items():
            require(f"warm_starts.{name}.generator", start.generator, made)
        for name, start in self.warm_starts.items():
            key = f"warm_starts.{name}.generator"
            if start.kind in TRAINED_HERE:
                kind = TRAINED_HERE[start.kind]
                require(key, start.generator, [n for n in made if made[n].kind == kind])
            if isinstance(start, CheckpointStart):
                _require_vae(name, start, made[start.generator].kind)
            if isinstance(start, ResampledStart):
                others = {n: s for n, s in self.warm_starts.items() if s.kind != start.kind}
                require(f"warm_starts.{name}.of", start.of, others)
                same = network_of(made[others[start.of].generator])
                require(key, start.generator, [n for n in made if network_of(made[n]) == same])
        return self

    @model_validator(mode="after")
    def _prompts_are_read(self) -> Self:
        for name, generator in self.generators.items():
            key = f"generators.{name}"
            if not isinstance(generator, Flux2Spec):
                if self.prompts is not None:
                    found = f"{generator.kind!r}, which takes classes"
                    raise ValueError(f"{key}.kind: found {found}, allowed with prompts: flux2")
                continue
            if self.prompts is None:
                raise ValueError(f"prompts: missing, {key} of kind flux2 reads them")
            length = self.prompts.context.length
            if generator.context_length != length:
                found = f"{generator.context_length}, allowed: prompts.context.length = {length}"
                raise ValueError(f"{key}.context_length: found {found}, in training and evaluation")
        return self

    @model_validator(mode="after")
    def _training_sets_exist(self) -> Self:
        geneval, model = self.evaluation.geneval, self.evaluation.preference is not None
        if self.prompts is None and (self.renders or self.mixtures or self.pools):
            raise ValueError("prompts: missing, renders, mixtures and pools are of prompts")
        if self.prompts is None and self.preference_lists:
            raise ValueError("prompts: missing, evaluation.preference.lists are of prompts")
        for name, renders in self.renders.items():
            detectors = geneval.detectors if geneval else {}
            fault = renders_fault(renders, self.warm_starts, detectors, model)
            if fault:
                raise ValueError(f"renders.{name}.{fault}")
        for name, sources in self.mixtures.items():
            if len(set(sources)) < len(sources):
                raise ValueError(f"mixtures.{name}: found {sources}, allowed: each source once")
            for source in sources:
                require(f"mixtures.{name}", source, [self.dataset.name, *self.renders])
        for name, pool in self.pools.items():
            if "geneval" in pool and geneval is None:
                raise ValueError(
                    f"pools.{name}.geneval: found one, allowed with evaluation.geneval"
                )
        for name, reference in self.references.items():
            if reference.mixture is not None:
                require(f"references.{name}.mixture", reference.mixture, self.mixtures)
        for name, run in self.runs.items():
            if run.pool is not None:
                require(f"runs.{name}.pool", run.pool, self.pools)
        return self

    @property
    def preference_lists(self) -> dict[str, ScoredList]:
        """The lists of prompts whose images are scored by the model of preference, by name."""
        preference = self.evaluation.preference
        return preference.lists if preference else {}

    @property
    def own_runs(self) -> list[str]:
        """Names of the runs that are no member of an experiment."""
        members = {
            run
            for name, experiment in self.experiments.items()
            for variant in experiment.variants
            for run in experiment.members(name, variant)
        }
        return [name for name in self.runs if name not in members]

    @model_validator(mode="after")
    def _report_fits(self) -> Self:
        require_report(self)
        return self

    @model_validator(mode="after")
    def _names_are_distinct(self) -> Self:
        taken = [self.dataset.name, "real", "train", "val", "geneval"]
        for section in ("warm_starts", "samples", "renders", "mixtures", "pools", "runs"):
            require_free(section, getattr(self, section), taken)
            taken += getattr(self, section)
        require_free("evaluation.preference.lists", self.preference_lists, taken)
        taken += self.preference_lists
        for name, (run, step) in self.snapshots.items():
            if name in taken:
                raise ValueError(f"{name}: found twice, {run} has a snapshot of step {step}")
        require_free(f"panels.{self.panel}", self.encoders, ["judge"])
        return self


def load_tree(root: Path, profile: str = DEFAULT_PROFILE) -> dict[str, Any]:
    """Read params.yaml below `root` and lay the profile's overlays over it; nothing is checked."""
    tree = read_yaml(root / "params.yaml")
    for name in profile_chain(root, profile):
        tree = merge(tree, read_overlay(root, name))
    return tree


def parse(tree: Mapping[str, Any], origin: str = "params.yaml") -> Project:
    """Check a tree of parameters; a fault becomes a one-line RdmError that names the key.

    Members of experiments become runs of their own.
    """
    tree = expand(tree, origin)
    try:
        return Project.model_validate(tree)
    except ValidationError as error:
        raise RdmError(f"{origin}: {explain(error, tree)}") from None


def _snapshot(run: str, step: int) -> str:
    return f"{run}_step{step}"


def _require_vae(name: str, start: CheckpointStart, kind: str) -> None:
    if kind == "flux2" and start.vae is None:
        raise ValueError(f"warm_starts.{name}.vae: missing, a flux2 has a VAE of its own file")
    if kind != "flux2" and start.vae is not None:
        raise ValueError(f"warm_starts.{name}.vae: found one for {kind}, allowed: for flux2")
