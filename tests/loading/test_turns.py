"""Rows with the classes in turn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdm_pipeline.errors import RdmError
from rdm_pipeline.generators.noise import balanced_labels
from rdm_pipeline.loading.turns import in_turn


@given(st.permutations([label for label in range(3) for _ in range(4)]), st.integers(1, 12))
def test_rows_have_the_classes_of_a_set_that_is_sampled_here(labels, count):
    rows = in_turn(labels, 3, count, "x")
    assert np.array(labels)[rows].tolist() == balanced_labels(count, 3).tolist()
    assert len(set(rows)) == count
    for label in range(3):
        own = [row for row in rows if labels[row] == label]
        assert own == [row for row, found in enumerate(labels) if found == label][: len(own)]


def test_a_set_in_turn_stays_as_it_is():
    assert in_turn(balanced_labels(10, 4).numpy(), 4, 10, "x") == list(range(10))


def test_too_few_rows_of_a_class_are_told():
    with pytest.raises(RdmError, match=r"val\.h5: 1 images of class 1, expected 2"):
        in_turn([0, 0, 1], 2, 4, "val.h5")
