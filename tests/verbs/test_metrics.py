"""What metrics scores, and the feature files that it refuses."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rdm_pipeline.artifacts import read_json, write_arrays
from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.evaluation import BankSpec
from rdm_pipeline.verbs import bank, metrics

PANEL = ["a", "b"]
SPEC = {
    "samples": 40,
    "draws": 2,
    "directions": 16,
    "seed": 0,
    "rff_features": 32,
    "rff_rows": 50,
    "rff_seed": 1,
    "bandwidth_rows": 100,
}


def write_features(path: Path, encoder: str, rows: int, shift: float = 0.0, seed: int = 0) -> Path:
    values = np.random.default_rng(seed).normal(shift, 1, (rows, 6))
    attrs: dict[str, Any] = {"encoder": encoder, "pool": "avg", "resolution": 28}
    write_arrays(path, "features", {"features": values}, attrs)
    return path


@pytest.fixture
def files(tmp_path) -> dict[str, list[Path]]:
    """Banks of two encoders and the validation features behind them."""
    made: dict[str, list[Path]] = {"banks": [], "val": [], "generated": []}
    for name in PANEL:
        train = write_features(tmp_path / f"{name}.train.h5", name, 300, seed=1)
        val = write_features(tmp_path / f"{name}.val.h5", name, 100, seed=2)
        target = tmp_path / f"{name}.bank.h5"
        params = bank.Params(encoder=name, bank=BankSpec(**SPEC), threads=1)
        bank.run(params, train=train, val=val, bank=target)
        made["banks"].append(target)
        made["val"].append(val)
        made["generated"].append(write_features(tmp_path / f"{name}.h5", name, 50, 3.0, 3))
    return made


def score(files, features: list[Path], rows: str = "all") -> dict[str, Any]:
    target = features[0].parent / "metrics.json"
    params = metrics.Params(panel=PANEL, rows=rows, threads=1)
    metrics.run(params, features=features, banks=files["banks"], metrics=target)
    return read_json(target)


def test_real_draws_score_near_one_and_shifted_features_far_above(files):
    real, shifted = score(files, files["val"], "real"), score(files, files["generated"])
    assert 0.5 < real["sw_mean"] < 2
    assert shifted["sw_mean"] > 3 * real["sw_mean"]
    assert shifted["mmd_mean"] > 3 * real["mmd_mean"]
    assert set(real["sw"]) == set(PANEL)


def test_a_set_of_another_size_is_refused_not_cut(files, tmp_path):
    longer = [write_features(tmp_path / f"{name}.long.h5", name, 51) for name in PANEL]
    with pytest.raises(RdmError, match=r"a\.long\.h5: 51 rows to score, allowed 50 exactly"):
        score(files, longer)


def test_features_of_another_encoder_are_refused(files):
    with pytest.raises(RdmError, match="encoder is 'b', expected 'a'"):
        score(files, files["generated"][::-1])


def test_a_missing_encoder_is_refused_not_averaged_away(files):
    with pytest.raises(RdmError, match="1 files for the 2 encoders a, b"):
        score(files, files["generated"][:1])


def test_a_truncated_file_and_one_with_nan_are_refused_and_nothing_is_written(files, tmp_path):
    victim = files["generated"][0]
    whole = victim.read_bytes()
    victim.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RdmError, match=r"a\.h5: not a whole HDF5 file"):
        score(files, files["generated"])
    write_features(victim, "a", 50, float("nan"))
    with pytest.raises(RdmError, match=r"a\.h5: 50 of 50 rows are not finite"):
        score(files, files["generated"])
    assert not (tmp_path / "metrics.json").exists()
