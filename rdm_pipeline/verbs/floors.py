"""rdm floors: what real validation images score at a run's batch sizes, per encoder."""

from pathlib import Path
from typing import Literal

import torch
from pydantic import NonNegativeInt, PositiveInt

from rdm_pipeline.artifacts import write_json
from rdm_pipeline.loading.features import by_name, load_features
from rdm_pipeline.loading.targets import (
    files_of,
    load_image_labels,
    load_target,
)
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.discrepancies import DiscrepancySpec
from rdm_pipeline.params.runs import Batch, batch_sizes
from rdm_pipeline.progress import tracked
from rdm_pipeline.reference.coupling import couple
from rdm_pipeline.reference.floors import controller_floor


class Params(Section):
    """What floors reads."""

    battery: list[str]
    batch: Batch
    discrepancy: DiscrepancySpec
    labels: Literal["balanced", "uniform"]
    draws: PositiveInt
    seed: NonNegativeInt
    threads: PositiveInt


def run(
    params: Params,
    *,
    references: list[Path],
    features: list[Path],
    images: Path,
    train: list[Path],
    train_images: Path | None,
    texts: Path | None,
    train_texts: Path | None,
    floors: Path,
) -> None:
    """Write mean and spread of the score of real draws, by batch size and encoder.

    `train`, features of `train_images`, are given where the discrepancy needs them; `texts` and
    `train_texts`, the codes of the images' prompts, where images are of prompts, not of classes.
    """
    torch.set_num_threads(params.threads)
    val = load_image_labels(images, texts)
    pool = load_image_labels(train_images, train_texts) if train_images else None
    # a prompt has no share that a draw could keep: there is one image of it
    balanced = params.labels == "balanced" and texts is None
    features_of = by_name(params.battery, features)
    batches = batch_sizes(params.batch)
    values: dict[str, dict[str, dict[str, float]]] = {str(batch): {} for batch in batches}
    files_by_name = files_of(params.battery, references, train)
    for name in tracked(params.battery, "floors"):
        target = load_target(files_by_name[name], name, params.discrepancy, pool, params.seed)
        seen = load_features(features_of[name], name)
        real = couple(seen, val.ids, val.codes, target.beta)
        for batch in batches:
            mean, spread = controller_floor(
                real,
                target,
                batch,
                params.draws,
                seed=params.seed,
                labels=val.ids if balanced else None,
            )
            values[str(batch)][name] = {"mean": mean, "spread": spread}
    write_json(floors, values)
