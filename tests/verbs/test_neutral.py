"""Scores that no run trains on."""

from statistics import fmean

import pytest
import torch

from rdm_pipeline.artifacts import read_json
from rdm_pipeline.discrepancies.checks import draw_rows
from rdm_pipeline.discrepancies.neutral import energy_distance, polynomial_mmd2
from rdm_pipeline.errors import RdmError
from rdm_pipeline.loading.features import load_features
from rdm_pipeline.verbs import neutral
from tests.verbs.test_metrics import write_features


def score(tmp_path, rows="all", count=120, shift=0.0):
    train = write_features(tmp_path / "train.h5", "a", 300, seed=1)
    features = write_features(tmp_path / "x.h5", "a", count, shift, seed=3)
    params = neutral.Params(encoder="a", samples=100, draws=3, rows=rows, seed=0, threads=1)
    neutral.run(params, features=features, train=train, scores=tmp_path / "scores.json")
    return read_json(tmp_path / "scores.json")


def test_both_distances_tell_shifted_features_from_fresh_ones(tmp_path):
    fresh, shifted = score(tmp_path), score(tmp_path, shift=1.0)
    assert shifted["energy"] > 10 * fresh["energy"]
    assert shifted["polynomial"] > 10 * abs(fresh["polynomial"])


def test_real_rows_are_means_over_draws(tmp_path):
    found = score(tmp_path, rows="real")
    real, train = (load_features(tmp_path / name, "a") for name in ("x.h5", "train.h5"))
    generator = torch.Generator().manual_seed(0)
    drawn = train[draw_rows(300, 100, generator)]
    draws = [real[draw_rows(120, 100, generator)] for _ in range(3)]
    assert found["energy"] == fmean(float(energy_distance(rows, drawn)) for rows in draws)
    assert found["polynomial"] == fmean(float(polynomial_mmd2(rows, drawn)) for rows in draws)


@pytest.mark.parametrize("rows", ["all", "real"])
def test_too_few_rows_are_refused(tmp_path, rows):
    with pytest.raises(RdmError, match="90 rows"):
        score(tmp_path, rows=rows, count=90)
