"""rdm floors: what real validation images score at a run's batch size, per encoder."""

from pathlib import Path
from typing import Literal

import torch
from pydantic import NonNegativeInt, PositiveInt

from rdm_pipeline.artifacts import write_json
from rdm_pipeline.loading.features import by_name, load_features
from rdm_pipeline.loading.images import describe_images, load_labels
from rdm_pipeline.loading.references import load_target
from rdm_pipeline.params.base import Section
from rdm_pipeline.progress import tracked
from rdm_pipeline.reference.coupling import couple_labels
from rdm_pipeline.reference.floors import controller_floor


class Params(Section):
    """What floors reads."""

    battery: list[str]
    batch: PositiveInt
    labels: Literal["balanced", "uniform"]
    draws: PositiveInt
    seed: NonNegativeInt
    threads: PositiveInt


def run(
    params: Params, *, references: list[Path], features: list[Path], images: Path, floors: Path
) -> None:
    """Write mean and spread of the score of real draws, by encoder."""
    torch.set_num_threads(params.threads)
    labels, classes = load_labels(images), len(describe_images(images).classes)
    reference_of, features_of = (by_name(params.battery, p) for p in (references, features))
    values = {}
    for name in tracked(params.battery, "floors"):
        target = load_target(reference_of[name], name)
        real = couple_labels(
            load_features(features_of[name], name), labels, classes, target.label_beta
        )
        mean, spread = controller_floor(
            real,
            target.reference,
            params.batch,
            params.draws,
            seed=params.seed,
            labels=labels if params.labels == "balanced" else None,
        )
        values[name] = {"mean": mean, "spread": spread}
    write_json(floors, values)
