"""Small convolutional encoders, trained by this pipeline or left at random weights."""

import re

import torch
from torch import nn

from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.encoders import Network


class ConvNet(nn.Module):
    """Stride-2 convolutions (3x3, batch norm, ReLU), pooling, one linear layer."""

    def __init__(self, network: Network, channels: int) -> None:
        """Build the layers that `network.source` names, at random weights."""
        super().__init__()
        widths = _widths(network.source)
        layers: list[nn.Module] = []
        side, inputs = network.resolution, channels
        for width in widths:
            layers += [
                nn.Conv2d(inputs, width, 3, stride=2, padding=1),
                nn.BatchNorm2d(width),
            ]
            layers += [nn.ReLU(inplace=True)]
            side, inputs = (side + 1) // 2, width
        if network.pool == "avg":
            layers.append(nn.AdaptiveAvgPool2d(1))
            side = 1
        elif network.pool != "flatten":
            raise RdmError(f"encoders.pool: found {network.pool}, a convnet takes avg or flatten")
        self.trunk = nn.Sequential(*layers, nn.Flatten())
        self.trunk_dim = inputs * side * side
        self.head = nn.Linear(self.trunk_dim, network.dim)
        _initialise(self)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(B,C,res,res) images in [0,1] -> (B,dim) features."""
        features: torch.Tensor = self.head(self.trunk(2 * images - 1))
        return features


def _widths(source: str) -> list[int]:
    if not re.fullmatch(r"conv(_[1-9]\d*)+", source):
        raise RdmError(f"encoders.source: found {source!r}, a convnet is named like conv_32_64_128")
    return [int(width) for width in source.split("_")[1:]]


def _initialise(module: nn.Module) -> None:
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
