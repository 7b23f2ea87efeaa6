"""What the Snakefile knows: the profile's parameters, where files lie, what a rule picks."""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from rdm_pipeline.params.discrepancies import FROZEN
from rdm_pipeline.params.panel import held_out_encoders, panel_order
from rdm_pipeline.params.pick import pick
from rdm_pipeline.params.project import Project, load_tree, parse
from rdm_pipeline.params.runs import Launch, ResampledStart
from rdm_pipeline.preferences import Preferences
from rdm_pipeline.training_sets import TrainingSets

JUDGE = "judge"
SAMPLES = "samples"


class Workflow:
    """One profile as the rules see it."""

    def __init__(self, root: Path, profile: str) -> None:
        self.profile = profile
        self.project: Project = parse(
            load_tree(root, profile), "params.yaml" if profile == "demo" else f"profile {profile}"
        )
        self.results = self.project.results
        self.sets = TrainingSets(self.project)
        self.preferences = Preferences(self.project)
        self.logs = f"logs/{profile}"
        self.pick = partial(pick, self.project.model_dump())

    # --- names ----------------------------------------------------------------------------------

    @property
    def dataset(self) -> str:
        """Name of the dataset."""
        return self.project.dataset.name

    @property
    def has_captions(self) -> bool:
        """Whether the dataset brings its captions; else they are files of the user's."""
        return self.project.dataset.kind in ("scenes", "captioned")

    @property
    def panel(self) -> list[str]:
        """Names of the panel's encoders, those that train first."""
        return panel_order(self.project.encoders)

    @property
    def held_out(self) -> list[str]:
        """Names of the encoders that only evaluation sees."""
        return held_out_encoders(self.project.encoders)

    def starts(self, kind: str) -> list[str]:
        """Names of the warm starts of a kind."""
        return [name for name, start in self.project.warm_starts.items() if start.kind == kind]

    @property
    def generators(self) -> list[str]:
        """Names of everything that has samples: made here, or given."""
        return [*self.sampled, *self.project.samples]

    @property
    def sampled(self) -> list[str]:
        """Names of the generators whose weights are here."""
        return self.project.drawn

    @property
    def reported(self) -> list[str]:
        """Names of the generators that are no member of an experiment."""
        return [*self.project.warm_starts, *self.project.samples, *self.project.own_runs]

    @property
    def all_encoders(self) -> list[str]:
        """The panel and, if there is one, the judge."""
        return [*self.panel, JUDGE] if self.project.evaluation.judge else self.panel

    def shards(self, source: str, split: str) -> range:
        """Numbers of the shards of a set of images."""
        if split == SAMPLES:
            return range(self.project.evaluation.sampling.shards)
        if source in self.project.mixtures:
            return range(len(self.sets.parts(source)))
        return range(getattr(self.project.dataset.shards, split))

    # --- files ----------------------------------------------------------------------------------

    def images(self, source: str, split: str) -> str:
        """The images of a split of the dataset, or the samples of a generator."""
        return f"{self.results}/images/{source}/{split}.h5"

    def features(self, source: str, split: str, encoders: Iterable[str]) -> list[str]:
        """The features of a set of images, one file per encoder."""
        return [f"{self.results}/features/{source}/{split}/{name}.h5" for name in encoders]

    def weights(self, encoders: Iterable[str]) -> list[str]:
        """The frozen weights, one file per encoder."""
        return [f"{self.results}/encoders/{name}.safetensors" for name in encoders]

    def generator(self, name: str) -> str:
        """The weights that a warm start or a run has."""
        start = self.project.warm_starts.get(name)
        owner = start.of if isinstance(start, ResampledStart) else name
        return f"{self.results}/runs/{owner}/generator.safetensors"

    def contexts(self, prompts: str) -> list[str]:
        """A list of prompts as generators read them; none where there are no prompts."""
        return [f"{self.results}/contexts/{prompts}.h5"] * bool(self.project.prompts)

    def texts(self, prompts: str) -> list[str]:
        """A list of prompts as the joint law couples them; none where there are no prompts."""
        return [f"{self.results}/texts/{prompts}.h5"] * bool(self.project.prompts)

    def references(self, reference: str, encoders: Iterable[str]) -> list[str]:
        """The frozen references, one file per encoder."""
        return [f"{self.results}/references/{reference}/{name}.h5" for name in encoders]

    def banks(self) -> list[str]:
        """The evaluation banks, one file per encoder of the panel."""
        return [f"{self.results}/banks/{name}.h5" for name in self.panel]

    def judgements(self, rows: Iterable[str]) -> list[str]:
        """The judge's files, row by row; none without a judge."""
        if self.project.evaluation.judge is None:
            return []
        return [f"{self.results}/judge/{row}.json" for row in rows]

    def spiral_grid(self, suffix: str) -> list[str]:
        """The files of the spiral study's grid: every discrepancy at every batch, all seeds."""
        spiral = self.project.spiral
        return self._cells([(d, b) for b in spiral.batches for d in spiral.discrepancies], suffix)

    def spiral_batches(self, suffix: str) -> list[str]:
        """The files of the spiral study's batch axis, discrepancy by discrepancy, all seeds."""
        spiral = self.project.spiral
        cells = [(d, b) for d in spiral.discrepancies for b in spiral.batches_of(d)]
        return self._cells(cells, suffix)

    def _cells(self, cells: Iterable[tuple[str, int]], suffix: str) -> list[str]:
        return [
            f"{self.results}/spiral/{discrepancy}/{batch}/{seed}{suffix}"
            for discrepancy, batch in cells
            for seed in self.project.spiral.seeds_of(discrepancy, batch)
        ]

    # --- keys of the parameters -----------------------------------------------------------------

    def encoder_key(self, name: str) -> str:
        """The key that describes an encoder."""
        return "evaluation.judge" if name == JUDGE else f"panels.{self.project.panel}.{name}"

    def network_key(self, name: str) -> str:
        """The key of an encoder's network."""
        return f"{self.encoder_key(name)}.network"

    def network_keys(self, names: Iterable[str]) -> Mapping[str, str]:
        """The keys of several encoders' networks, by name."""
        return {name: self.network_key(name) for name in names}

    def generator_key(self, name: str) -> str:
        """The key of the generator that a warm start or a run trains, or a snapshot is."""
        run, _ = self.project.snapshots.get(name, (name, None))
        start = run if run in self.project.warm_starts else self.project.runs[run].init
        return f"generators.{self.project.warm_starts[start].generator}"

    def run(self, name: str) -> Any:
        """The specification of a run."""
        return self.project.runs[name]

    def launch(self, name: str) -> Launch:
        """Where and how a run computes."""
        return self.project.runs[name].launch

    def gres(self, gpus: int) -> str | None:
        """GPUs per node in Slurm's words, or None in a profile that asks for none."""
        return f"gpu:{gpus}" if self.project.gpu else None

    def real_features(self, run: str) -> list[str]:
        """Features of a run's reference images by its battery, if its discrepancy needs them."""
        if self.run(run).discrepancy.kind == FROZEN:
            return []
        images = self.sets.of_reference(self.run(run).reference)
        return self.features(images, "train", self.project.battery(run))

    def images_of_real_features(self, run: str) -> list[str]:
        """The images whose labels go with `real_features`."""
        images = self.sets.of_reference(self.run(run).reference)
        return [self.images(images, "train")] if self.real_features(run) else []

    def texts_of_real_features(self, run: str) -> list[str]:
        """The captions of the images that go with `real_features`."""
        images = self.sets.of_reference(self.run(run).reference)
        return self.texts(self.sets.captions_of(images)) if self.real_features(run) else []

    def members(self, comparison: str) -> list[str]:
        """The runs that a comparison's rows stand for, row by row and seed by seed."""
        table = self.project.report.comparisons[comparison]
        experiment = self.project.experiments[table.experiment]
        return [r for row in table.rows for r in experiment.members(table.experiment, row)]

    def compared_scores(self, comparison: str) -> list[str]:
        """The files of scores behind a comparison: baselines first, then its members."""
        table = self.project.report.comparisons[comparison]
        names = [*table.baselines, *self.members(comparison)]
        folder = "metrics" if table.scored_on == "panel" else f"neutral/{table.scored_on}"
        return [f"{self.results}/{folder}/{name}.json" for name in names]

    def cost_runs(self) -> list[str]:
        """The runs of Fig. 1."""
        return self.project.report.fig1.runs if self.project.report.fig1 else []

    def cost_metrics(self) -> list[str]:
        """The files of scores behind Fig. 1: of each run's start, its snapshots, its end."""
        ways = [[self.run(r).init, *self.project.snapshots_of(r), r] for r in self.cost_runs()]
        return [f"{self.results}/metrics/{name}.json" for way in ways for name in way]

    def alone_runs(self) -> list[str]:
        """The runs of Fig. 5 that train on one encoder, one per seed."""
        told = self.project.report.fig5
        if told is None:
            return []
        return self.project.experiments[told.experiment].members(told.experiment, told.variant)

    def alone_beside(self) -> list[str]:
        """The generators that Fig. 5 shows beside them."""
        return self.project.report.fig5.beside if self.project.report.fig5 else []

    def declares(self, key: str) -> bool:
        """Whether the profile has this key of the parameters, and not null."""
        value: Any = self.project.model_dump()
        for part in key.split("."):
            value = value.get(part) if value else None
        return value is not None

    # --- values that rules read -----------------------------------------------------------------

    def neutral_values(self, encoder: str, rows: str) -> str:
        """What scoring by neutral distances reads."""
        keys = {key: f"evaluation.bank.{key}" for key in ("samples", "draws", "seed")}
        return self.pick({**keys, "threads": "threads"}, encoder=encoder, rows=rows)

    def comparison_values(self, name: str) -> str:
        """What a comparison of an experiment's variants reads."""
        table = self.project.report.comparisons[name]
        experiment = self.project.experiments[table.experiment]
        first = {row: experiment.members(table.experiment, row)[0] for row in table.rows}
        return self.pick(
            {
                "comparison": f"report.comparisons.{name}",
                "seeds": f"experiments.{table.experiment}.seeds",
                "runs": {row: f"runs.{run}" for row, run in first.items()},
                "labels": self.labels(table.baselines),
            },
            panel=self.panel,
            held_out=self.held_out,
        )

    def grid_values(self, name: str) -> str:
        """What a sheet of samples reads; a member of an experiment is titled by its name."""
        keys = {"columns": "report.grid.columns"}
        if name in self.project.report.labels:
            return self.pick({**keys, "title": f"report.labels.{name}"})
        return self.pick(keys, title=name)

    def alone_values(self) -> str:
        """What Fig. 5 reads."""
        encoder = self.project.battery(self.alone_runs()[0])[0]
        return self.pick(
            {"beside": "report.fig5.beside", "labels": self.labels(self.alone_beside())},
            encoder=encoder,
            label=f"iRDM on {encoder} alone",
            panel=self.panel,
            held_out=self.held_out,
        )

    def costs_values(self) -> str:
        """What Fig. 1 reads."""
        kept = {run: f"runs.{run}.snapshots" for run in self.cost_runs()}
        keys = {"runs": "report.fig1.runs", "snapshots": kept, "published": "report.published"}
        keys["labels"] = self.labels(self.cost_runs())
        return self.pick(keys, panel=self.panel, held_out=self.held_out)

    def labels(self, rows: Iterable[str]) -> dict[str, str]:
        """Keys of the labels that a table prints, by row."""
        return {name: f"report.labels.{name}" for name in rows}
