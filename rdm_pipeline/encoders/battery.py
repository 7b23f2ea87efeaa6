"""Builds the frozen encoders of a panel: images in, raw features out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from rdm_pipeline.encoders.convnet import ConvNet
from rdm_pipeline.encoders.dinov2 import Dinov2
from rdm_pipeline.encoders.dreamsim import DreamSim
from rdm_pipeline.encoders.efficientnet_lite import EfficientNetLite, backbone_weights
from rdm_pipeline.encoders.fixed import Pixels, Scattering
from rdm_pipeline.encoders.flux_vae import FluxVae
from rdm_pipeline.encoders.folding import fold_batch_norm
from rdm_pipeline.encoders.hub import weight_file
from rdm_pipeline.encoders.inception import Inception
from rdm_pipeline.encoders.timm_model import Radio, TimmEncoder
from rdm_pipeline.encoders.vit import SmallVit
from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.encoders import Network

# A class takes (network, channels), imports its library only then, and has
# `released(network, files)` if somebody released its weights.
FAMILIES: Mapping[str, Any] = {
    "convnet": ConvNet,
    "vit": SmallVit,
    "efficientnet_lite": EfficientNetLite,
    "scattering": Scattering,
    "pixels": Pixels,
    "inception": Inception,
    "timm": TimmEncoder,
    "transformers": Dinov2,
    "dreamsim": DreamSim,
    "radio": Radio,
    "flux_vae": FluxVae,
}
_WITHOUT_WEIGHTS = ("scattering", "pixels")


class FrozenEncoder(nn.Module):
    """A network at its own resolution behind a resize; never trained, never in train mode."""

    def __init__(self, module: nn.Module, network: Network) -> None:
        """Freeze `module`, which takes images at the network's resolution."""
        super().__init__()
        self.module = module
        self.resolution = network.resolution
        self.autocast = network.precision == "bfloat16"
        self.eval().requires_grad_(False)

    def forward(self, images: Tensor) -> Tensor:
        """(B,C,H,W) float32 images in [0,1] -> raw (B,dim) float32, differentiable in the images.

        Where H, W differ from the encoder's resolution the images are resized, bicubic with
        antialiasing. A network of precision bfloat16 runs under autocast (method.md section 7).
        """
        resized = resize(images, self.resolution)
        with torch.autocast(images.device.type, torch.bfloat16, enabled=self.autocast):
            features: Tensor = self.module(resized)
        return features.float() if self.autocast else features


def encode(encoders: Mapping[str, FrozenEncoder], images: Tensor) -> dict[str, Tensor]:
    """Features of the same images by several encoders, those of one input size share a resize.

    images: (B,C,H,W) float32 in [0,1] -> (B,dim) float32 by name; values and gradients are those
    of each encoder alone.
    """
    resized: dict[int, Tensor] = {}
    features = {}
    for name, encoder in encoders.items():
        size = encoder.resolution
        if size not in resized:
            resized[size] = resize(images, size)
        features[name] = encoder(resized[size])
    return features


def resize(images: Tensor, resolution: int) -> Tensor:
    """(B,C,H,W) -> (B,C,resolution,resolution), bicubic + antialias; the same tensor if equal."""
    size = (resolution, resolution)
    if images.shape[-2:] == size:
        return images
    return functional.interpolate(
        images, size=size, mode="bicubic", antialias=True, align_corners=False
    )


def build_encoder(
    network: Network,
    channels: int,
    image_size: int,
    weights: Mapping[str, Tensor] | None,
) -> FrozenEncoder:
    """The frozen encoder of one panel row, for images (B,channels,image_size,image_size).

    weights: the network's state dict (`initial_weights` or `pretrain`); None or empty for a
    fixed transform. Keys or shapes that do not fit, and a feature dimension other than
    `network.dim`, raise RdmError.
    """
    module = build_network(network, channels)
    _load_strictly(module, weights or {}, network)
    # eval before folding: it reads the running statistics
    encoder = FrozenEncoder(fold_batch_norm(module.eval()), network)
    encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    with torch.no_grad():
        dim = encoder(torch.zeros(1, channels, image_size, image_size)).shape[1]
    if dim != network.dim:
        raise RdmError(
            f"encoders.dim: found {network.dim}, {network.source} gives {dim} "
            f"for {channels}-channel images"
        )
    return encoder


def build_network(network: Network, channels: int) -> nn.Module:
    """The trainable network of one panel row, with random weights from torch's global generator.

    Takes (B,channels,resolution,resolution) images in [0,1]; RdmError for a source, pool or
    package that is not there.
    """
    module: nn.Module = FAMILIES[network.family](network, channels)
    return module


def initial_weights(network: Network, channels: int) -> dict[str, Tensor]:
    """The weights of an encoder that is not trained here.

    Released ones, checked against their pins (`network.weights`), a package's (efficientnet_lite),
    an empty dict for a fixed transform, else random ones drawn from `network.seed`.
    """
    if network.family in _WITHOUT_WEIGHTS:
        return {}
    if network.family == "efficientnet_lite":
        return backbone_weights(network.source)
    if isinstance(network.weights, list):
        return released_weights(network, [weight_file(origin) for origin in network.weights])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(network.seed)
        return build_network(network, channels).state_dict()


def released_weights(network: Network, files: list[Path]) -> dict[str, Tensor]:
    """The state dict of a released network, read from its files; RdmError where they do not fit."""
    tensors: dict[str, Tensor] = FAMILIES[network.family].released(network, files)
    with torch.device("meta"):
        shapes = build_network(network, channels=3).state_dict()
    _require_fit(shapes, tensors, network)
    return tensors


def _load_strictly(module: nn.Module, weights: Mapping[str, Tensor], network: Network) -> None:
    expected = {} if network.family in _WITHOUT_WEIGHTS else module.state_dict()
    _require_fit(expected, weights, network)
    if expected:
        module.load_state_dict(dict(weights), strict=True)


def _require_fit(
    expected: Mapping[str, Tensor], weights: Mapping[str, Tensor], network: Network
) -> None:
    wrong = [
        ("missing", [k for k in expected if k not in weights]),
        ("unexpected", [k for k in weights if k not in expected]),
        (
            "of another shape",
            [k for k in expected if k in weights and weights[k].shape != expected[k].shape],
        ),
    ]
    found = [f"{what}: {_some(keys)}" for what, keys in wrong if keys]
    if found:
        raise RdmError(f"weights do not fit {network.source}: {'; '.join(found)}")


def _some(keys: list[str]) -> str:
    rest = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
    return ", ".join(keys[:3]) + rest
