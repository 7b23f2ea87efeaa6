"""Small vision transformers: timm's VisionTransformer at the size of the data set."""

import re

import torch
from torch import nn

from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.encoders import Network
from rdm_pipeline.torchvision_shim import declare_missing_operators


class SmallVit(nn.Module):
    """A VisionTransformer whose features are its class token or the mean of its patch tokens."""

    def __init__(self, network: Network, channels: int) -> None:
        """Build the transformer that `network.source` names, at random weights."""
        super().__init__()
        declare_missing_operators()
        from timm.models.vision_transformer import VisionTransformer

        self.patch, width, depth = _shape(network.source)
        if network.resolution % self.patch:
            raise RdmError(
                f"encoders.resolution: found {network.resolution}, "
                f"{network.source} takes a multiple of {self.patch}"
            )
        if network.pool not in ("avg", "cls"):
            raise RdmError(f"encoders.pool: found {network.pool}, a vit takes avg or cls")
        self.vit = VisionTransformer(
            img_size=network.resolution,
            patch_size=self.patch,
            in_chans=channels,
            num_classes=0,
            global_pool="token" if network.pool == "cls" else "avg",
            embed_dim=width,
            depth=depth,
            num_heads=max(1, width // 32),
            fc_norm=False,  # one normalisation, on the tokens: masked pretraining sees it too
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(B,C,res,res) images in [0,1] -> (B,width) features."""
        features: torch.Tensor = self.vit(2 * images - 1)
        return features


def _shape(source: str) -> tuple[int, int, int]:
    named = re.fullmatch(r"vit_patch(\d+)_width(\d+)_depth(\d+)", source)
    if named is None:
        raise RdmError(
            f"encoders.source: found {source!r}, a vit is named like vit_patch7_width96_depth3"
        )
    patch, width, depth = (int(number) for number in named.groups())
    return patch, width, depth
