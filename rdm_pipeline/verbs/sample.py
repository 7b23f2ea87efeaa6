"""rdm sample: one shard of the set that a generator is judged by."""

import json
from pathlib import Path

import torch
from pydantic import NonNegativeInt, PositiveInt
from torch import Tensor

from rdm_pipeline.artifacts import create_arrays, read_tensors
from rdm_pipeline.generators.base import load_generator
from rdm_pipeline.generators.drawing import draw
from rdm_pipeline.generators.noise import balanced_labels, sample_noise
from rdm_pipeline.loading.device import compute_device
from rdm_pipeline.loading.images import describe_images, load_labels
from rdm_pipeline.loading.texts import load_conditions, require_rows
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.evaluation import Sampling
from rdm_pipeline.params.generators import GeneratorSpec


class Params(Section):
    """What sample reads."""

    generator: GeneratorSpec
    samples: PositiveInt
    rff_rows: PositiveInt
    sampling: Sampling
    shard: NonNegativeInt
    threads: PositiveInt


def run(
    params: Params, *, generator: Path, images: Path, contexts: Path | None, samples: Path
) -> None:
    """Write generated images (n, C, H, W) uint8; sample i depends on the seed and i alone.

    It is of class i modulo their number. Where there are `contexts`, those of the prompts of
    `images`, it is of prompt i modulo their number, and its class is that of the prompt's image.
    """
    torch.set_num_threads(params.threads)
    about, sampling, device = describe_images(images), params.sampling, compute_device()
    weights, _ = read_tensors(generator)
    model = load_generator(
        params.generator, len(about.classes), about.channels, about.size, weights, str(generator)
    ).to(device)
    conditions = load_conditions(params.generator, len(about.classes), contexts, None)
    count = max(params.samples, params.rff_rows)  # each metric takes the first of them
    chosen = balanced_labels(count, len(conditions.codes))
    labels = _classes_of_prompts(chosen, len(conditions.codes), images) if contexts else chosen
    first, last = (count * k // sampling.shards for k in (params.shard, params.shard + 1))
    rows = last - first
    shapes = {"images": (rows, about.channels, about.size, about.size), "labels": (rows,)}
    drawn = f"seed {sampling.seed}, shape {'x'.join(map(str, model.noise_shape))}"
    attrs = {"classes": json.dumps(about.classes), "noise": drawn}
    with create_arrays(samples, "images", shapes, attrs) as file:
        file["labels"][:] = labels[first:last].numpy()
        for at, pictures in draw(
            model,
            range(first, last),
            about.size,
            lambda numbers: sample_noise(sampling.seed, 0, numbers, model.noise_shape),
            lambda numbers: conditions.inputs(chosen[numbers.start : numbers.stop]),
            device,
        ):
            file["images"][at] = pictures


def _classes_of_prompts(rows: Tensor, prompts: int, images: Path) -> Tensor:
    """Return the classes (n,) int64 of the images whose prompts, as many, have rows (n,)."""
    classes = load_labels(images)
    require_rows("contexts", prompts, images, len(classes))
    return classes[rows]
