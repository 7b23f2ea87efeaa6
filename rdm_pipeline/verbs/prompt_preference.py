"""rdm prompt_preference: how much a model of human preference likes each image of its prompt."""

from pathlib import Path

import numpy as np
import torch
from pydantic import PositiveInt

from rdm_pipeline.artifacts import open_arrays, read_attrs, write_arrays
from rdm_pipeline.errors import RdmError
from rdm_pipeline.evaluation.pickscore import read_model
from rdm_pipeline.files import known_sha256
from rdm_pipeline.loading.device import compute_device
from rdm_pipeline.loading.images import load_labels
from rdm_pipeline.loading.texts import load_prompts, prompts_hash
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.preference import PreferenceModel
from rdm_pipeline.progress import Progress

BLOCK = 64


class Params(Section):
    """What prompt_preference reads."""

    model: PreferenceModel
    threads: PositiveInt


def run(params: Params, *, images: Path, metadata: Path, weights: Path, scores: Path) -> None:
    """Write scores (n,) float32 of all images with their own prompts, and labels (n,) int64.

    The label of an image is the row of its prompt in `metadata`. RdmError for images of others.
    """
    torch.set_num_threads(params.threads)
    prompts, about = load_prompts(metadata), read_attrs(images, "images")
    if about.get("prompts") != prompts_hash(prompts):
        raise RdmError(f"{images}: images of other prompts than {metadata}")
    model = read_model(weights, params.model).to(compute_device())
    labels = load_labels(images).numpy()
    found = np.empty(len(labels), np.float32)
    progress = Progress(f"preference {scores.parent}", len(labels))
    with open_arrays(images, "images") as file:
        for start in range(0, len(labels), BLOCK):
            rows = slice(start, start + BLOCK)
            asked = [prompts[label] for label in labels[rows]]
            found[rows] = model.scores(torch.from_numpy(file["images"][rows]), asked)
            progress.update(min(start + BLOCK, len(labels)))
    about = {**about, "classes": "[]", "model": known_sha256(weights)}
    write_arrays(scores, "preference", {"scores": found, "labels": labels}, about)
