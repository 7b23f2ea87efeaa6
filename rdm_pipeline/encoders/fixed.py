"""Transforms without learned weights: raw pixels and the scattering transform."""

import re

import torch
from torch import nn

from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.encoders import Network


class Pixels(nn.Module):
    """The image itself, flattened."""

    def __init__(self, network: Network, channels: int) -> None:
        """Take any image."""
        super().__init__()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(B,C,res,res) images in [0,1] -> (B, C*res*res) features."""
        return images.flatten(1)


class Scattering(nn.Module):
    """Second-order wavelet scattering (Bruna and Mallat 2013), kymatio's transform."""

    def __init__(self, network: Network, channels: int) -> None:
        """Build the filters of the scales and angles that `network.source` names."""
        super().__init__()
        # kymatio.torch itself does not import with current scipy
        from kymatio.scattering2d.frontend.torch_frontend import ScatteringTorch2D

        scales, angles = _scales_and_angles(network.source)
        self.transform = ScatteringTorch2D(
            J=scales, shape=(network.resolution, network.resolution), L=angles
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(B,C,res,res) images in [0,1] -> (B, C * paths * (res / 2^J)^2) features."""
        coefficients: torch.Tensor = self.transform(images.contiguous())
        return coefficients.flatten(1)


def _scales_and_angles(source: str) -> tuple[int, int]:
    named = re.fullmatch(r"scattering_J(\d+)_L(\d+)", source)
    if named is None:
        raise RdmError(
            f"encoders.source: found {source!r}, a scattering is named like scattering_J2_L4"
        )
    return int(named[1]), int(named[2])
