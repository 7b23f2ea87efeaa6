"""The IDX format of the MNIST family: a big-endian header, then the values."""

import math
import struct
from pathlib import Path

import numpy as np

from rdm_pipeline.errors import RdmError

UINT8 = 0x08


def parse_idx(data: bytes, name: str) -> np.ndarray:
    """Return the uint8 array that an IDX file holds, with the shape that its header states.

    `name` is what an error calls the file. Raises RdmError for another magic number or type and
    for a file shorter or longer than its header says. Format: LeCun et al., the MNIST database.
    """
    axes = data[3] if len(data) >= 4 else 0
    start = 4 + 4 * axes
    if data[:3] != bytes([0, 0, UINT8]) or not axes or len(data) < start:
        raise RdmError(
            f"{name}: starts with {data[:4].hex() or 'nothing'}, an IDX file of uint8 starts with "
            "0000080N and N sizes"
        )
    shape = struct.unpack(f">{axes}I", data[4:start])
    expected = math.prod(shape)
    if len(data) - start != expected:
        raise RdmError(
            f"{name}: {len(data) - start} values, its header states {expected} (shape {shape})"
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def read_idx(path: Path) -> np.ndarray:
    """Return the uint8 array of an IDX file on disk; RdmError if it is missing or damaged."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RdmError(f"{path}: cannot be read ({error.strerror}); fetch the data again") from None
    return parse_idx(data, str(path))
