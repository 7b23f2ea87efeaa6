"""rdm sample_prompts: samples of a list of prompts, each from a seed of its own (GenEval's way)."""

from pathlib import Path

import torch
from pydantic import Field, NonNegativeInt, PositiveInt
from torch import Tensor

from rdm_pipeline.artifacts import create_arrays, read_tensors
from rdm_pipeline.evaluation.geneval import SAMPLES_PER_PROMPT, sample_seeds
from rdm_pipeline.generators.base import load_generator
from rdm_pipeline.generators.drawing import draw
from rdm_pipeline.generators.noise import sample_noise
from rdm_pipeline.loading.device import compute_device
from rdm_pipeline.loading.images import describe_images
from rdm_pipeline.loading.texts import load_contexts, load_prompts, prompts_hash, require_rows
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.generators import Flux2Spec


class Params(Section):
    """What sample_prompts reads."""

    generator: Flux2Spec
    context_length: PositiveInt | None = None  # another than the generator was trained with
    samples: int = Field(ge=1, le=SAMPLES_PER_PROMPT)
    seed: NonNegativeInt
    threads: PositiveInt


def run(
    params: Params, *, generator: Path, images: Path, prompts: Path, contexts: Path, samples: Path
) -> None:
    """Write images (P S, C, H, W) uint8: row p S + s is sample s of prompt p, labelled p.

    Its noise depends on the seed `seed` + 100 p + s alone. `images` tell the size.
    """
    torch.set_num_threads(params.threads)
    about, device = describe_images(images), compute_device()
    spec = _reading(params.generator, params.context_length)
    texts, inputs = load_prompts(prompts), load_contexts(contexts, spec)
    require_rows(contexts, len(inputs), prompts, len(texts))
    weights, _ = read_tensors(generator)
    model = load_generator(spec, 0, about.channels, about.size, weights, str(generator)).to(device)
    labels = torch.arange(len(texts)).repeat_interleave(params.samples)
    seeds = sample_seeds(len(texts), params.samples, params.seed)

    def noise(numbers: range) -> Tensor:
        own = seeds[numbers.start : numbers.stop]
        return torch.cat([sample_noise(seed, 0, [0], model.noise_shape) for seed in own])

    shapes = {"images": (len(labels), about.channels, about.size, about.size)}
    drawn = f"seeds {seeds[0]} to {seeds[-1]}, shape {'x'.join(map(str, model.noise_shape))}"
    # no class names: prompts can be more than an attribute holds
    attrs = {"classes": "[]", "noise": drawn, "prompts": prompts_hash(texts)}
    with create_arrays(samples, "images", {**shapes, "labels": (len(labels),)}, attrs) as file:
        file["labels"][:] = labels.numpy()
        for at, pictures in draw(
            model,
            range(len(labels)),
            about.size,
            noise,
            lambda numbers: inputs(labels[numbers.start : numbers.stop]),
            device,
        ):
            file["images"][at] = pictures


def _reading(generator: Flux2Spec, context_length: int | None) -> Flux2Spec:
    """Return the generator as it reads contexts of a list with a length of its own."""
    own = context_length or generator.context_length
    return generator.model_copy(update={"context_length": own})
