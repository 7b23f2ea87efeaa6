"""Files of references as what a run trains against."""

from pathlib import Path

import torch

from rdm_pipeline.artifacts import read_arrays
from rdm_pipeline.discrepancies.nystrom import NystromReference
from rdm_pipeline.reference.target import Target


def load_target(path: Path, encoder: str) -> Target:
    """Return an encoder's frozen reference and the weight of its label."""
    arrays, attrs = read_arrays(path, "reference", expect={"encoder": encoder})
    reference = NystromReference(
        landmarks=torch.from_numpy(arrays["landmarks"]),
        alpha=torch.from_numpy(arrays["alpha"]),
        gamma=attrs["gamma"],
        k_rr=attrs["k_rr"],
    )
    return Target(reference, attrs["label_beta"])
