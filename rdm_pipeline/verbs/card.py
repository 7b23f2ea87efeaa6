"""rdm card: what an encoder is and how well a linear probe reads classes from it."""

from pathlib import Path

import torch
from pydantic import PositiveInt

from rdm_pipeline.artifacts import write_json
from rdm_pipeline.encoders.probe import linear_probe
from rdm_pipeline.files import sha256
from rdm_pipeline.loading.features import load_features
from rdm_pipeline.loading.images import load_labels
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.encoders import Network, Pretraining
from rdm_pipeline.progress import note


class Params(Section):
    """What card reads."""

    encoder: str
    role: str
    paradigm: str
    network: Network
    pretraining: Pretraining | None
    threads: PositiveInt


def run(
    params: Params,
    *,
    weights: Path,
    train: Path,
    val: Path,
    train_images: Path,
    val_images: Path,
    card: Path,
) -> None:
    """Write the card: the specification, the hash of the weights, linear-probe accuracy."""
    torch.set_num_threads(params.threads)
    note(f"card {params.encoder}", "linear probe")
    accuracy = linear_probe(
        load_features(train, params.encoder),
        load_labels(train_images),
        load_features(val, params.encoder),
        load_labels(val_images),
    )
    about = params.model_dump(exclude={"threads"})
    write_json(card, {**about, "weights_sha256": sha256(weights), "linear_probe": accuracy})
