"""rdm bank: the real sets that one encoder scores generators against."""

from pathlib import Path

import torch
from pydantic import PositiveInt

from rdm_pipeline.artifacts import write_arrays
from rdm_pipeline.discrepancies.kernels import median_bandwidth
from rdm_pipeline.loading.features import load_features
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.evaluation import BankSpec
from rdm_pipeline.progress import note
from rdm_pipeline.reference.bank import build_bank


class Params(Section):
    """What bank reads."""

    encoder: str
    bank: BankSpec
    threads: PositiveInt


def run(params: Params, *, train: Path, val: Path, bank: Path) -> None:
    """Write sorted projections, random-feature mean, floors and the rows of the real draws."""
    torch.set_num_threads(params.threads)
    spec = params.bank
    note(f"bank {params.encoder}", f"{spec.samples} real samples, {spec.directions} directions")
    real = load_features(train, params.encoder)
    sigma = median_bandwidth(real, 1.0, spec.bandwidth_rows, seed=spec.seed)
    built = build_bank(
        real,
        load_features(val, params.encoder),
        sigma,
        samples=spec.samples,
        directions=spec.directions,
        seed=spec.seed,
        draws=spec.draws,
        rff_features=spec.rff_features,
        rff_seed=spec.rff_seed,
        rff_rows=spec.rff_rows,
    )
    write_arrays(bank, "bank", built.arrays(), {"encoder": params.encoder, **built.attrs()})
