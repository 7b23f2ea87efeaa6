"""A whole training job on disk, small enough for seconds: images, encoders, references."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rdm_pipeline.artifacts import write_arrays, write_tensors
from rdm_pipeline.generators.base import build_generator
from rdm_pipeline.params.discrepancies import MmdNystrom
from rdm_pipeline.params.project import load_tree, parse
from rdm_pipeline.params.runs import Stage
from rdm_pipeline.verbs import encoder, features, floors, reference, train

ROOT = Path(__file__).resolve().parents[2]
BATTERY = ("random", "pixels")
IMAGES, CLASSES = 96, ["a", "b", "c"]


class Job:
    """The files and parameters of one run, and a way to change the parameters."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = parse(load_tree(ROOT, "smoke"))
        self.networks = {name: self.project.encoders[name].network for name in BATTERY}
        self.seen: list[Path] = []
        self.files = self._files()

    def params(self, **changes: Any) -> train.Params:
        """Return train's parameters with some keys of the run replaced, launch's by `launch`."""
        tree = self.project.runs["irdm"].model_dump() | {"battery": list(BATTERY)}
        tree["launch"] |= changes.pop("launch", {})
        tree |= changes
        return train.Params.model_validate(
            {
                "run": tree,
                "generator": self.project.generators["decoder"].model_dump(),
                "battery": list(BATTERY),
                "networks": {name: n.model_dump() for name, n in self.networks.items()},
            }
        )

    def outputs(self, name: str) -> dict[str, Path]:
        """Return where a run of this name writes."""
        folder = self.folder / "runs" / name
        return {
            "trained": folder / "generator.safetensors",
            "history": folder / "history.json",
            "costs": folder / "costs.json",
            "snapshots": folder / "snapshots",
            "monitor": folder / "log",
        }

    def _files(self) -> dict[str, Any]:
        images = self.folder / "images.h5"
        rng = np.random.default_rng(0)
        write_arrays(
            images,
            "images",
            {
                "images": rng.integers(0, 256, (IMAGES, 1, 28, 28)),
                "labels": np.arange(IMAGES) % len(CLASSES),
            },
            {"classes": json.dumps(CLASSES)},
        )
        start = self.folder / "start.safetensors"
        generator = build_generator(self.project.generators["decoder"], len(CLASSES), 1, 28, 0)
        write_tensors(start, generator.state_dict(), {})
        paths = [self._encoder(name, images) for name in BATTERY]
        weights, seen, references = (list(column) for column in zip(*paths, strict=True))
        self.seen = seen
        floor_file = self.folder / "floors.json"
        floors.run(
            floors.Params(
                battery=list(BATTERY),
                batch=[Stage(steps=1, batch=32), Stage(steps=1, batch=64)],
                discrepancy=MmdNystrom(kind="mmd_nystrom"),
                labels="balanced",
                draws=4,
                seed=0,
                threads=1,
            ),
            references=references,
            features=seen,
            images=images,
            train=[],
            train_images=None,
            texts=None,
            train_texts=None,
            floors=floor_file,
        )
        return {
            "generator": start,
            "weights": weights,
            "references": references,
            "features": [],
            "train_images": None,
            "train_texts": None,
            "contexts": None,
            "texts": None,
            "floors": floor_file,
            "images": images,
        }

    def _encoder(self, name: str, images: Path) -> tuple[Path, Path, Path]:
        network, spec = self.networks[name], self.project.references["joint"]
        weights = self.folder / f"{name}.safetensors"
        seen, frozen = self.folder / f"{name}.features.h5", self.folder / f"{name}.reference.h5"
        encoder.run(
            encoder.Params(encoder=name, network=network, pretraining=None, threads=1),
            images=images,
            weights=weights,
        )
        features.run(
            features.Params(encoder=name, network=network, threads=1),
            images=images,
            weights=weights,
            features=seen,
        )
        reference.run(
            reference.Params(encoder=name, reference=spec, threads=1),
            features=seen,
            images=images,
            texts=None,
            mixture=None,
            reference=frozen,
        )
        return weights, seen, frozen


@pytest.fixture(scope="session")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return Job(tmp_path_factory.mktemp("job"))
