"""rdm warm_start: the generator that matching starts from, trained as the decoder of a VAE."""

from pathlib import Path

import torch
from pydantic import NonNegativeInt, PositiveInt

from rdm_pipeline.artifacts import write_tensors
from rdm_pipeline.generators.base import build_generator
from rdm_pipeline.generators.vae import train_vae
from rdm_pipeline.loading.images import load_images
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.generators import GeneratorSpec, VaeSpec
from rdm_pipeline.progress import loss_report


class Params(Section):
    """What warm_start reads."""

    generator: GeneratorSpec
    vae: VaeSpec
    seed: NonNegativeInt
    threads: PositiveInt


def run(params: Params, *, images: Path, generator: Path) -> None:
    """Write the generator's weights."""
    torch.set_num_threads(params.threads)
    pictures, labels, classes = load_images(images)
    channels, size = pictures.shape[1:3]
    model = build_generator(params.generator, len(classes), channels, size, params.seed)
    train_vae(model, pictures, labels, params.vae, params.seed, loss_report("warm start"))
    write_tensors(generator, model.state_dict(), {"generator": params.generator.model_dump()})
