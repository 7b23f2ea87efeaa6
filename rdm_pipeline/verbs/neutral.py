"""rdm neutral: two distances that no run trains on, in the features of one encoder."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Literal

import torch
from pydantic import NonNegativeInt, PositiveInt
from torch import Tensor

from rdm_pipeline.artifacts import write_json
from rdm_pipeline.discrepancies.checks import draw_rows
from rdm_pipeline.discrepancies.neutral import energy_distance, polynomial_mmd2
from rdm_pipeline.errors import RdmError
from rdm_pipeline.loading.features import load_features
from rdm_pipeline.params.base import Section


class Params(Section):
    """What neutral reads."""

    encoder: str
    samples: PositiveInt
    draws: PositiveInt
    rows: Literal["all", "real"]
    seed: NonNegativeInt
    threads: PositiveInt


def run(params: Params, *, features: Path, train: Path, scores: Path) -> None:
    """Write both distances of a set of features to as many training features.

    `rows: real` scores random draws of the set, as a mean, instead of its first rows.
    """
    torch.set_num_threads(params.threads)
    scored, real = (load_features(path, params.encoder) for path in (features, train))
    if len(scored) < params.samples:
        raise RdmError(f"{features}: {len(scored)} rows, allowed at least {params.samples}")
    generator = torch.Generator().manual_seed(params.seed)
    drawn = real[draw_rows(len(real), params.samples, generator)]
    sets = _sets(params, scored, generator)
    write_json(
        scores,
        {
            "energy": fmean(float(energy_distance(rows, drawn)) for rows in sets),
            "polynomial": fmean(float(polynomial_mmd2(rows, drawn)) for rows in sets),
        },
    )


def _sets(params: Params, scored: Tensor, generator: torch.Generator) -> Sequence[Tensor]:
    if params.rows == "all":
        return [scored[: params.samples]]
    return [scored[draw_rows(len(scored), params.samples, generator)] for _ in range(params.draws)]
