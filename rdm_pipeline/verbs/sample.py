"""rdm sample: one shard of the set that a generator is judged by."""

import json
from pathlib import Path

import torch
from pydantic import NonNegativeInt, PositiveInt

from rdm_pipeline.artifacts import create_arrays, read_tensors
from rdm_pipeline.generators.base import load_generator
from rdm_pipeline.generators.noise import balanced_labels, sample_noise
from rdm_pipeline.loading.device import compute_device
from rdm_pipeline.loading.images import describe_images
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.evaluation import Sampling
from rdm_pipeline.params.generators import GeneratorSpec

BLOCK = 512


class Params(Section):
    """What sample reads."""

    generator: GeneratorSpec
    samples: PositiveInt
    rff_rows: PositiveInt
    sampling: Sampling
    shard: NonNegativeInt
    threads: PositiveInt


@torch.no_grad()
def run(params: Params, *, generator: Path, images: Path, samples: Path) -> None:
    """Write generated images (n, C, H, W) uint8; sample i depends on the seed and i alone."""
    torch.set_num_threads(params.threads)
    about, sampling = describe_images(images), params.sampling
    weights, _ = read_tensors(generator)
    device = compute_device()
    model = load_generator(
        params.generator, len(about.classes), about.channels, about.size, weights, str(generator)
    ).to(device)
    count = max(params.samples, params.rff_rows)  # each metric takes the first of them
    labels = balanced_labels(count, len(about.classes))
    first, last = (count * k // sampling.shards for k in (params.shard, params.shard + 1))
    rows = last - first
    shapes = {"images": (rows, about.channels, about.size, about.size), "labels": (rows,)}
    drawn = f"seed {sampling.seed}, shape {'x'.join(map(str, model.noise_shape))}"
    attrs = {"classes": json.dumps(about.classes), "noise": drawn}
    with create_arrays(samples, "images", shapes, attrs) as file:
        for start in range(first, last, BLOCK):
            indices = range(start, min(start + BLOCK, last))
            chosen = labels[indices.start : indices.stop]
            noise = sample_noise(sampling.seed, 0, indices, model.noise_shape)
            pictures = model(noise.to(device), chosen.to(device))
            at = slice(indices.start - first, indices.stop - first)
            file["images"][at] = (pictures * 255).round().to(torch.uint8).numpy(force=True)
            file["labels"][at] = chosen.numpy()
