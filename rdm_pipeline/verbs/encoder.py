"""rdm encoder: frozen weights of one encoder: trained here, from a package, or released."""

from pathlib import Path

import torch
from pydantic import PositiveInt

from rdm_pipeline.artifacts import write_tensors
from rdm_pipeline.encoders.battery import initial_weights
from rdm_pipeline.encoders.pretrain import pretrain
from rdm_pipeline.loading.images import describe_images, load_images
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.encoders import Network, Pretraining
from rdm_pipeline.progress import loss_report


class Params(Section):
    """What encoder reads."""

    encoder: str
    network: Network
    pretraining: Pretraining | None
    threads: PositiveInt


def run(params: Params, *, images: Path, weights: Path) -> None:
    """Write the encoder's weights; those without pretraining only look at the images' shape."""
    torch.set_num_threads(params.threads)
    network, channels = params.network, describe_images(images).channels
    if params.pretraining is None:
        tensors = initial_weights(network, channels)
    else:
        pictures, labels, classes = load_images(images)
        report = loss_report(f"encoder {params.encoder}")
        tensors = pretrain(network, params.pretraining, channels, classes, pictures, labels, report)
    about = {"encoder": params.encoder, "network": params.network.model_dump()}
    write_tensors(weights, tensors, about)
