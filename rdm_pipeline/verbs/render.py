"""rdm render: one shard of what a generator draws of a list of prompts, several images of each."""

from pathlib import Path

import torch
from pydantic import NonNegativeInt, PositiveInt
from torch import Tensor

from rdm_pipeline.artifacts import create_arrays, read_json_lines, read_tensors, write_json_lines
from rdm_pipeline.errors import RdmError
from rdm_pipeline.generators.base import load_generator
from rdm_pipeline.generators.drawing import draw
from rdm_pipeline.generators.noise import sample_noise
from rdm_pipeline.loading.device import compute_device
from rdm_pipeline.loading.images import describe_images
from rdm_pipeline.loading.texts import load_contexts, load_prompts, prompts_hash, require_rows
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.generators import Flux2Spec
from rdm_pipeline.params.pairs import Renders
from rdm_pipeline.progress import Progress


class Params(Section):
    """What render reads."""

    generator: Flux2Spec
    source: str
    renders: Renders
    shard: NonNegativeInt
    threads: PositiveInt


def run(
    params: Params,
    *,
    generator: Path,
    images: Path,
    prompts: Path,
    contexts: Path,
    samples: Path,
    metadata: Path,
) -> None:
    """Write images (P S, C, H, W) uint8 of the shard's P prompts, and the prompts as they are.

    Row p S + s is sample s of the shard's prompt p, labelled p. Its noise depends on the seed, the
    prompt's row in the whole list and s alone. `images` tell the size.
    """
    torch.set_num_threads(params.threads)
    spec, about, device = params.renders, describe_images(images), compute_device()
    inputs = load_contexts(contexts, params.generator)
    asked = load_prompts(prompts)
    own = shard_of_prompts(len(asked), spec.shards, params.shard)
    require_rows(contexts, len(inputs), prompts, len(asked))
    weights, _ = read_tensors(generator)
    model = load_generator(
        params.generator, 0, about.channels, about.size, weights, str(generator)
    ).to(device)
    labels = torch.arange(len(own)).repeat_interleave(spec.samples)

    def noise(numbers: range) -> Tensor:
        drawn = [divmod(number, spec.samples) for number in numbers]
        return torch.cat(
            [sample_noise(spec.seed, own[p], [s], model.noise_shape) for p, s in drawn]
        )

    shape = (len(labels), about.channels, about.size, about.size)
    # no class names: the prompts of a shard can be more than an attribute holds
    attrs = {"classes": "[]", "noise": f"seed {spec.seed}, prompts {own[0]} to {own[-1]}"}
    attrs["prompts"] = prompts_hash(asked[own.start : own.stop])
    progress = Progress(f"render {params.source} {params.shard}", len(labels))
    write_json_lines(metadata, read_json_lines(prompts, own))
    with create_arrays(samples, "images", {"images": shape, "labels": shape[:1]}, attrs) as file:
        file["labels"][:] = labels.numpy()
        for at, pictures in draw(
            model,
            range(len(labels)),
            about.size,
            noise,
            lambda numbers: inputs(own[0] + labels[numbers.start : numbers.stop]),
            device,
        ):
            file["images"][at] = pictures
            progress.update(at.stop)


def shard_of_prompts(prompts: int, shards: int, shard: int) -> range:
    """Return the rows of a shard's prompts, [k P // K, (k+1) P // K); RdmError for none."""
    if shards > prompts:
        raise RdmError(f"renders: {shards} shards for {prompts} prompts, allowed at most {prompts}")
    return range(shard * prompts // shards, (shard + 1) * prompts // shards)
