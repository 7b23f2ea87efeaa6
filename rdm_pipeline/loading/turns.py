"""Rows of a labelled set with the classes in turn, so that row i of two sets is of one class."""

from collections.abc import Sequence

import numpy as np

from rdm_pipeline.errors import RdmError


def in_turn(labels: Sequence[int] | np.ndarray, classes: int, count: int, origin: str) -> list[int]:
    """Return `count` rows whose classes are 0, 1, ..., classes - 1, 0, 1, ...

    The k-th turn takes the k-th row of each class. Raises RdmError that names `origin` where a
    class has too few rows.
    """
    found = np.asarray(labels)
    rows = [np.flatnonzero(found == label) for label in range(classes)]
    for label, own in enumerate(rows):
        needed = len(range(label, count, classes))
        if len(own) < needed:
            raise RdmError(f"{origin}: {len(own)} images of class {label}, expected {needed}")
    return [int(rows[index % classes][index // classes]) for index in range(count)]
