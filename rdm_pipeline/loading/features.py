"""Files of features as tensors."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from rdm_pipeline.artifacts import read_array
from rdm_pipeline.errors import RdmError


def load_features(path: Path, encoder: str) -> Tensor:
    """Return features (N, d) float32; RdmError if they are another encoder's or not finite."""
    features = torch.from_numpy(
        read_array(path, "features", "features", expect={"encoder": encoder})
    )
    bad = int((~features.isfinite().all(dim=1)).sum())
    if bad:
        raise RdmError(f"{path}: {bad} of {len(features)} rows are not finite; make it again")
    return features


def by_name(names: Sequence[str], paths: Sequence[Path]) -> dict[str, Path]:
    """Return the files by encoder; RdmError unless there is one file per name."""
    if len(names) != len(paths):
        raise RdmError(f"{len(paths)} files for the {len(names)} encoders {', '.join(names)}")
    return dict(zip(names, paths, strict=True))
