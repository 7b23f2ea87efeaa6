"""Builds the frozen encoders of a panel: images in, raw features out."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from rdm_pipeline.encoders.folding import fold_batch_norm
from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.encoders import Network

LOADERS = ("convnet", "vit", "efficientnet_lite", "scattering", "pixels")
_WITHOUT_WEIGHTS = ("scattering", "pixels")


class FrozenEncoder(nn.Module):
    """A network at its own resolution behind a resize; never trained, never in train mode."""

    def __init__(self, module: nn.Module, resolution: int) -> None:
        """Freeze `module`, which takes images at `resolution`."""
        super().__init__()
        self.module = module
        self.resolution = resolution
        self.eval().requires_grad_(False)

    def forward(self, images: Tensor) -> Tensor:
        """(B,C,H,W) float32 images in [0,1] -> raw (B,dim) float32, differentiable in the images.

        Where H, W differ from the encoder's resolution the images are resized, bicubic with
        antialiasing (method.md section 7).
        """
        features: Tensor = self.module(resize(images, self.resolution))
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
) -> nn.Module:
    """The frozen encoder of one panel row, for images (B,channels,image_size,image_size).

    weights: the network's state dict (`initial_weights` or `pretrain`); None or empty for a
    fixed transform. Keys or shapes that do not fit, and a feature dimension other than
    `network.dim`, raise RdmError.
    """
    module = build_network(network, channels)
    _load_strictly(module, weights or {}, network)
    # eval before folding: it reads the running statistics
    encoder = FrozenEncoder(fold_batch_norm(module.eval()), network.resolution)
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

    Takes (B,channels,resolution,resolution) images in [0,1]. A family without a loader here
    raises RdmError.
    """
    match network.family:
        case "convnet":
            from rdm_pipeline.encoders.convnet import ConvNet

            return ConvNet(network, channels)
        case "vit":
            from rdm_pipeline.encoders.vit import SmallVit

            return SmallVit(network, channels)
        case "efficientnet_lite":
            from rdm_pipeline.encoders.efficientnet_lite import EfficientNetLite

            return EfficientNetLite(network)
        case "scattering":
            from rdm_pipeline.encoders.fixed import Scattering

            return Scattering(network)
        case "pixels":
            from rdm_pipeline.encoders.fixed import Pixels

            return Pixels()
        case _:
            raise RdmError(
                f"encoders.{network.family}: this family is declared but has no loader yet; "
                f"loaders here: {', '.join(LOADERS)}"
            )


def initial_weights(network: Network, channels: int) -> dict[str, Tensor]:
    """The weights of an encoder that is not trained here.

    Random ones drawn from `network.seed` (convnet, vit), a package's (efficientnet_lite), an empty
    dict for a fixed transform.
    """
    if network.family in _WITHOUT_WEIGHTS:
        return {}
    if network.family == "efficientnet_lite":
        from rdm_pipeline.encoders.efficientnet_lite import backbone_weights

        return backbone_weights(network.source)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(network.seed)
        return build_network(network, channels).state_dict()


def _load_strictly(module: nn.Module, weights: Mapping[str, Tensor], network: Network) -> None:
    expected = {} if network.family in _WITHOUT_WEIGHTS else module.state_dict()
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
    if expected:
        module.load_state_dict(dict(weights), strict=True)


def _some(keys: list[str]) -> str:
    rest = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
    return ", ".join(keys[:3]) + rest
