"""rdm spiral: one cell of the spiral study, trained, sampled and scored."""

from pathlib import Path

import torch
from pydantic import NonNegativeInt, PositiveInt

from rdm_pipeline.artifacts import Attribute, write_arrays, write_json
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.spiral import (
    Discrepancy,
    SpiralData,
    SpiralEstimators,
    SpiralScoring,
    SpiralTraining,
)
from rdm_pipeline.progress import Progress
from rdm_pipeline.studies.matching import Cell, draw_samples, train_generator
from rdm_pipeline.studies.spiral import real_data, spiral_scores


class Params(Section):
    """What spiral reads."""

    discrepancy: Discrepancy
    batch: PositiveInt
    seed: NonNegativeInt
    data: SpiralData
    training: SpiralTraining
    estimators: SpiralEstimators
    scoring: SpiralScoring
    threads: PositiveInt


def run(params: Params, *, scores: Path, samples: Path) -> None:
    """Write the cell's scores as JSON and its samples in the plane as points."""
    torch.set_num_threads(params.threads)
    points, frame = real_data(params.data)
    cell = Cell(params.discrepancy, params.batch, params.seed)
    progress = Progress(f"{cell.discrepancy} at {cell.batch}", params.training.steps)
    generator = train_generator(
        cell,
        points @ frame,
        params.training,
        params.estimators,
        report=lambda step, steps: progress.update(step),
    )
    drawn = draw_samples(generator, params.scoring.samples, frame, params.scoring.seed)
    named: dict[str, Attribute] = {
        "discrepancy": cell.discrepancy,
        "batch": cell.batch,
        "seed": cell.seed,
    }
    write_json(scores, {**named, **spiral_scores(drawn, params.data, params.scoring)})
    write_arrays(samples, "points", {"points": drawn.numpy()}, named)
