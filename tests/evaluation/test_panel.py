import pytest

from rdm_pipeline.errors import RdmError
from rdm_pipeline.evaluation.panel import panel_mean


def test_mean_is_over_the_panel_in_any_order():
    assert panel_mean({"b": 3.0, "a": 1.0}, ["a", "b"]) == 2.0


def test_a_missing_encoder_is_named():
    with pytest.raises(RdmError, match="missing b, c; not in the panel none"):
        panel_mean({"a": 1.0}, ["a", "b", "c"])


def test_a_foreign_encoder_is_named():
    with pytest.raises(RdmError, match="missing none; not in the panel z"):
        panel_mean({"a": 1.0, "z": 9.0}, ["a"])


def test_an_empty_panel_has_no_mean():
    with pytest.raises(RdmError, match="panel of 0"):
        panel_mean({}, [])
