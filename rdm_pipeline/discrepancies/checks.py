"""What the mathematics asks of its input, and how rows are drawn from it."""

import torch
from torch import Tensor

from rdm_pipeline.errors import RdmError


def require_finite(features: Tensor, name: str) -> None:
    """Refuse (N, d) features that hold a NaN or an infinity.

    Raises RdmError with the number of bad rows.
    """
    if torch.isfinite(features.sum()):  # one pass; a sum that overflows is looked at again below
        return
    bad = int((~torch.isfinite(features)).any(dim=1).sum())
    if bad:
        raise RdmError(f"{name}: {bad} of {len(features)} rows hold NaN or infinity, allowed 0")


def require_dim(features: Tensor, dim: int, name: str) -> None:
    """Refuse features that are not of shape (N, dim) with N >= 1.

    Raises RdmError with the shape found.
    """
    if features.ndim != 2 or features.shape[1] != dim or len(features) == 0:
        raise RdmError(f"{name}: shape {tuple(features.shape)}, expected (N >= 1, {dim})")


def draw_rows(rows: int, count: int, generator: torch.Generator) -> Tensor:
    """Draw `count` of `rows` row indices without replacement, int64 of shape (count,).

    `generator` is on the CPU, so that the draw does not depend on the device of the features.
    Raises RdmError if there are fewer rows than asked for.
    """
    if count > rows:
        raise RdmError(f"cannot draw {count} rows without replacement: {rows} rows available")
    return torch.randperm(rows, generator=generator)[:count]
