"""rdm geneval_real: scenes in which every prompt is true, the ceiling of any generator."""

import json
from pathlib import Path

import numpy as np
from pydantic import NonNegativeInt, PositiveInt

from rdm_pipeline.artifacts import create_arrays
from rdm_pipeline.datasets.scenes import draw_scene, render
from rdm_pipeline.evaluation.geneval import sample_seeds
from rdm_pipeline.loading.geneval import load_prompts_asked
from rdm_pipeline.loading.texts import prompts_hash
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.dataset import Scenes
from rdm_pipeline.progress import Progress


class Params(Section):
    """What geneval_real reads."""

    dataset: Scenes
    samples: PositiveInt
    seed: NonNegativeInt


def run(params: Params, *, metadata: Path, images: Path) -> None:
    """Write images (n,3,H,H) uint8, `samples` of each prompt, whose rows are the labels."""
    told, size = load_prompts_asked(metadata), params.dataset.resolution
    seeds = sample_seeds(len(told), params.samples, params.seed)
    shapes = {"images": (len(seeds), 3, size, size), "labels": (len(seeds),)}
    prompts = [each["prompt"] for each in told]
    attrs = {"classes": json.dumps(prompts), "prompts": prompts_hash(prompts)}
    progress = Progress("geneval real", len(seeds))
    with create_arrays(images, "images", shapes, attrs) as file:
        for row, seed in enumerate(seeds):
            label = row // params.samples
            scene = draw_scene(told[label], (), np.random.default_rng(seed))
            file["images"][row], file["labels"][row] = render(scene, size), label
            progress.update(row + 1)
