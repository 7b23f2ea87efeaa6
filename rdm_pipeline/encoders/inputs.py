"""How released networks take their images: three channels, their own mean and spread."""

import importlib
from collections.abc import Sequence
from types import ModuleType

import torch
from torch import Tensor, nn

from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.encoders import Network
from rdm_pipeline.torchvision_shim import declare_missing_operators


class Normalise(nn.Module):
    """Images in [0,1] as a network saw them in its training; constants, so no weights."""

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        """Keep mean and standard deviation of each of the three channels."""
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """(B,1 or 3,H,W) in [0,1] -> (B,3,H,W); grey is seen as colour with equal channels."""
        return (images.expand(-1, 3, -1, -1) - self.mean) / self.std


def paper_package(name: str) -> ModuleType:
    """Import a module of the extra `paper`; RdmError says how to install one that is missing."""
    declare_missing_operators()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise RdmError(
            f"encoders: the package {error.name} is not installed; "
            "pip install --constraint constraints.txt 'rdm-pipeline[paper]'"
        ) from None


def require_pool(network: Network, *allowed: str) -> None:
    """Raise RdmError for a pool that the network's family does not have."""
    if network.pool not in allowed:
        raise RdmError(
            f"encoders.pool: found {network.pool}, {network.source} takes {' or '.join(allowed)}"
        )
