"""What networks with released weights have in common."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.encoders import Network


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


@contextlib.contextmanager
def fitting(file: Path, network: Network) -> Iterator[None]:
    """Turn any error of reading a file into one line; pickled objects are such an error."""
    try:
        yield
    # a missing key, another shape, a member that the archive lacks: each library has its own
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise RdmError(f"{file}: does not fit {network.source}: {reason}") from None


def require_pool(network: Network, *allowed: str) -> None:
    """Raise RdmError for a pool that the network's family does not have."""
    if network.pool not in allowed:
        raise RdmError(
            f"encoders.pool: found {network.pool}, {network.source} takes {' or '.join(allowed)}"
        )
