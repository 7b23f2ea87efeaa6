"""rdm metrics: SW and MMD ratios of one set of images, per encoder of the whole panel."""

from pathlib import Path
from statistics import fmean
from typing import Literal

import torch
from pydantic import PositiveInt
from torch import Tensor

from rdm_pipeline.artifacts import read_arrays, write_json
from rdm_pipeline.errors import RdmError
from rdm_pipeline.evaluation.mmd import mmd_ratio
from rdm_pipeline.evaluation.panel import panel_mean
from rdm_pipeline.evaluation.sw import sw_ratio
from rdm_pipeline.loading.features import by_name, load_features
from rdm_pipeline.params.base import Section
from rdm_pipeline.progress import tracked
from rdm_pipeline.reference.bank import EvaluationBank


class Params(Section):
    """What metrics reads."""

    panel: list[str]
    rows: Literal["all", "real"]
    threads: PositiveInt


def run(params: Params, *, features: list[Path], banks: list[Path], metrics: Path) -> None:
    """Write both ratios by encoder and their means over the panel.

    `rows: real` scores the second real draws of each bank, as a mean, instead of all rows.
    """
    torch.set_num_threads(params.threads)
    features_of, bank_of = (by_name(params.panel, paths) for paths in (features, banks))
    sw, mmd = {}, {}
    for name in tracked(params.panel, "metrics"):
        bank, scored = _load_bank(bank_of[name], name), load_features(features_of[name], name)
        sets = [scored[rows] for rows in bank.real_rows] if params.rows == "real" else [scored]
        _check_size(features_of[name], sets[0], bank)
        sw[name] = fmean(sw_ratio(rows[: bank.samples], bank) for rows in sets)
        mmd[name] = fmean(mmd_ratio(rows[: bank.rff_rows], bank) for rows in sets)
    write_json(
        metrics,
        {
            "sw": sw,
            "mmd": mmd,
            "sw_mean": panel_mean(sw, params.panel),
            "mmd_mean": panel_mean(mmd, params.panel),
        },
    )


def _check_size(path: Path, rows: Tensor, bank: EvaluationBank) -> None:
    """Each metric takes its number of first rows; a set is as large as the larger number."""
    allowed = max(bank.samples, bank.rff_rows)
    if len(rows) != allowed:
        raise RdmError(f"{path}: {len(rows)} rows to score, allowed {allowed} exactly")


def _load_bank(path: Path, encoder: str) -> EvaluationBank:
    arrays, attrs = read_arrays(path, "bank", expect={"encoder": encoder})
    attrs.pop("encoder")
    return EvaluationBank.from_arrays(arrays, attrs)
