"""What the Snakefile knows: the profile's parameters, where files lie, what a rule picks."""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from rdm_pipeline.params.panel import held_out_encoders, panel_order
from rdm_pipeline.params.pick import pick
from rdm_pipeline.params.project import Project, load_tree, parse

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
        self.logs = f"logs/{profile}"
        self.pick = partial(pick, self.project.model_dump())

    # --- names ----------------------------------------------------------------------------------

    @property
    def dataset(self) -> str:
        """Name of the dataset."""
        return self.project.dataset.name

    @property
    def panel(self) -> list[str]:
        """Names of the panel's encoders, those that train first."""
        return panel_order(self.project.encoders)

    @property
    def held_out(self) -> list[str]:
        """Names of the encoders that only evaluation sees."""
        return held_out_encoders(self.project.encoders)

    @property
    def generators(self) -> list[str]:
        """Names of everything that can be sampled."""
        return [*self.project.warm_starts, *self.project.runs]

    @property
    def all_encoders(self) -> list[str]:
        """The panel and the judge."""
        return [*self.panel, JUDGE]

    def shards(self, source: str, split: str) -> range:
        """Numbers of the shards of a set of images."""
        if split == SAMPLES:
            return range(self.project.evaluation.sampling.shards)
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

    def references(self, reference: str, encoders: Iterable[str]) -> list[str]:
        """The frozen references, one file per encoder."""
        return [f"{self.results}/references/{reference}/{name}.h5" for name in encoders]

    def banks(self) -> list[str]:
        """The evaluation banks, one file per encoder of the panel."""
        return [f"{self.results}/banks/{name}.h5" for name in self.panel]

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
        """The key of the generator that a warm start or a run trains."""
        start = name if name in self.project.warm_starts else self.project.runs[name].init
        return f"generators.{self.project.warm_starts[start].generator}"

    def run(self, name: str) -> Any:
        """The specification of a run."""
        return self.project.runs[name]

    def labels(self, rows: Iterable[str]) -> dict[str, str]:
        """Keys of the labels that a table prints, by row."""
        return {name: f"report.labels.{name}" for name in rows}
