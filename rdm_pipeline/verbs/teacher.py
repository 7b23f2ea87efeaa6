"""rdm teacher: a small text-conditional generator, trained from images by flow matching."""

from pathlib import Path

import torch
from pydantic import NonNegativeInt, PositiveInt

from rdm_pipeline.artifacts import write_tensors
from rdm_pipeline.generators.base import build_generator
from rdm_pipeline.generators.flux2 import Flux2
from rdm_pipeline.generators.flux2_teacher import train_teacher
from rdm_pipeline.loading.device import compute_device
from rdm_pipeline.loading.images import load_images
from rdm_pipeline.loading.texts import load_contexts, require_rows
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.generators import Flux2Spec
from rdm_pipeline.params.teacher import TeacherSpec
from rdm_pipeline.progress import loss_report


class Params(Section):
    """What teacher reads."""

    generator: Flux2Spec
    teacher: TeacherSpec
    seed: NonNegativeInt
    threads: PositiveInt


def run(params: Params, *, images: Path, contexts: Path, generator: Path) -> None:
    """Write the generator's weights; row i of `contexts` is of image i."""
    torch.set_num_threads(params.threads)
    inputs, device = load_contexts(contexts, params.generator), compute_device()
    pictures, _, _ = load_images(images)
    require_rows(contexts, len(inputs), images, len(pictures))
    channels, size = pictures.shape[1:3]
    model = build_generator(params.generator, 0, channels, size, params.seed)
    assert isinstance(model, Flux2)
    train_teacher(
        model.to(device),
        pictures.to(device),
        inputs,
        params.teacher,
        params.seed,
        lambda part: loss_report(f"teacher {part}"),
    )
    write_tensors(generator, model.state_dict(), {"generator": params.generator.model_dump()})
