"""rdm judge: how often an independent classifier sees the class that was asked for."""

from pathlib import Path

import torch
from pydantic import PositiveInt

from rdm_pipeline.artifacts import write_json
from rdm_pipeline.encoders.probe import linear_probe
from rdm_pipeline.loading.features import load_features
from rdm_pipeline.loading.images import load_labels
from rdm_pipeline.params.base import Section
from rdm_pipeline.progress import note


class Params(Section):
    """What judge reads."""

    threads: PositiveInt


def run(
    params: Params, *, train: Path, train_images: Path, features: Path, images: Path, accuracy: Path
) -> None:
    """Write the accuracy of a probe on the judge's features, fitted on the training split."""
    torch.set_num_threads(params.threads)
    note("judge", "linear probe")
    value = linear_probe(
        load_features(train, "judge"),
        load_labels(train_images),
        load_features(features, "judge"),
        load_labels(images),
    )
    write_json(accuracy, {"accuracy": value})
