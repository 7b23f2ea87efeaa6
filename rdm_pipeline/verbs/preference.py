"""rdm preference: how much a model of human preference likes each image of a set."""

import json
from pathlib import Path

import numpy as np
import torch
from pydantic import PositiveInt

from rdm_pipeline.artifacts import open_arrays, read_attrs, write_arrays
from rdm_pipeline.evaluation.pickscore import read_model
from rdm_pipeline.evaluation.preference import class_prompts
from rdm_pipeline.files import known_sha256
from rdm_pipeline.loading.device import compute_device
from rdm_pipeline.loading.images import load_labels
from rdm_pipeline.loading.turns import in_turn
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.preference import ClassImages, PreferenceModel
from rdm_pipeline.progress import Progress

BLOCK = 64


class Params(Section):
    """What preference reads."""

    model: PreferenceModel
    classes: ClassImages
    threads: PositiveInt


def run(params: Params, *, images: Path, weights: Path, scores: Path) -> None:
    """Write scores (n,) float32 and labels (n,) int64, classes in turn.

    Image i of every set is then of one class and, of sets that were generated here, of one noise.
    RdmError for a class with too few images.
    """
    torch.set_num_threads(params.threads)
    spec, attrs = params.classes, read_attrs(images, "images")
    model = read_model(weights, params.model).to(compute_device())
    classes = json.loads(attrs["classes"])
    prompts = class_prompts(classes, spec.prompt)
    labels = load_labels(images).numpy()
    rows = np.array(in_turn(labels, len(classes), spec.samples, str(images)))
    found = np.empty(len(rows), np.float32)
    progress = Progress(f"preference {scores.stem}", len(rows))
    with open_arrays(images, "images") as file:
        for start in range(0, len(rows), BLOCK):
            chosen = rows[start : start + BLOCK]
            order = np.argsort(chosen)  # HDF5 reads ascending rows only
            pictures = np.empty((len(chosen), *file["images"].shape[1:]), np.uint8)
            pictures[order] = file["images"][chosen[order]]
            asked = [prompts[label] for label in labels[chosen]]
            found[start : start + len(chosen)] = model.scores(torch.from_numpy(pictures), asked)
            progress.update(start + len(chosen))
    about = {**attrs, "model": known_sha256(weights)}
    write_arrays(scores, "preference", {"scores": found, "labels": labels[rows]}, about)
