import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rdm_pipeline.datasets.idx import parse_idx, read_idx
from rdm_pipeline.errors import RdmError

arrays = hnp.arrays(np.uint8, hnp.array_shapes(max_dims=4, max_side=5))


def idx_bytes(array: np.ndarray) -> bytes:
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + array.tobytes()


@given(arrays)
def test_what_is_written_as_idx_is_read_back(array):
    np.testing.assert_array_equal(parse_idx(idx_bytes(array), "x"), array)


@given(arrays, st.data())
def test_any_truncation_is_an_error_that_names_the_file(array, data):
    whole = idx_bytes(array)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(RdmError, match=r"^train-images: "):
        parse_idx(whole[:cut], "train-images")


@given(arrays)
def test_bytes_after_the_last_value_are_an_error(array):
    with pytest.raises(RdmError, match="its header states"):
        parse_idx(idx_bytes(array) + b"\0", "x")


@pytest.mark.parametrize("start", [b"\0\0\x0d\x01", b"\1\0\x08\x01", b"\0\0\x08\0", b"GIF8"])
def test_another_magic_number_or_type_is_an_error(start):
    with pytest.raises(RdmError, match=f"starts with {start.hex()}"):
        parse_idx(start + bytes(20), "x")


def test_a_missing_idx_file_is_an_error_of_one_line(tmp_path):
    with pytest.raises(RdmError, match="cannot be read") as caught:
        read_idx(tmp_path / "gone")
    assert "\n" not in str(caught.value)
