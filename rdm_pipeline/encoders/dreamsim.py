"""DreamSim's ensemble (Fu et al. 2023): DINO, CLIP and OpenCLIP ViT-B/16, tuned by LoRA.

The towers are the `dreamsim` package's. Its own loader runs code that torch.hub fetches from a
repository's main branch, so the towers are put together here; the adapter is merged into them.
"""

import tempfile
import zipfile
from functools import partial
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor, nn

from rdm_pipeline.encoders.released import Normalise, fitting, require_pool
from rdm_pipeline.errors import RdmError
from rdm_pipeline.packages import paper_package
from rdm_pipeline.params.encoders import Network

VIT_B16: dict[str, Any] = {
    "patch_size": 16,
    "embed_dim": 768,
    "depth": 12,
    "num_heads": 12,
    "qkv_bias": True,
}
PROJECTION = 512  # width of CLIP's joint space
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CLIP = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
CLIP_CHECKPOINTS = ("clip_vitb16_pretrain.pth.tar", "open_clip_vitb16_pretrain.pth.tar")
ADAPTER = "ensemble_lora"


class DreamSim(nn.Module):
    """The three towers' features side by side, not normalised: 768 + 512 + 512."""

    def __init__(self, network: Network, channels: int) -> None:
        """Build the towers at random weights, changed by `network.options`."""
        super().__init__()
        require_pool(network, "cls")
        # by the name that the released adapter knows
        self.extractor_list = nn.ModuleList(
            [
                DinoTower(network.options),
                ClipTower(network.options, quick=True),
                ClipTower(network.options, quick=False),
            ]
        )

    def forward(self, images: Tensor) -> Tensor:
        """(B,1 or 3,224,224) images in [0,1] -> (B,1792) features."""
        return torch.cat([tower(images) for tower in self.extractor_list], 1)

    @classmethod
    def released(cls, network: Network, files: list[Path]) -> dict[str, Tensor]:
        """The state dict of the released archive and DINO's file, with the adapter merged in."""
        if len(files) != 2:
            raise RdmError(
                f"encoders.weights: found {len(files)} files, "
                "dreamsim takes 2: its archive, then DINO's ViT-B/16"
            )
        archive, dino = files
        module = cls(network, channels=3)
        backbone, *towers = list[Any](module.extractor_list)
        with fitting(dino, network):
            backbone.model.load_state_dict(_load(dino))
        with fitting(archive, network), zipfile.ZipFile(archive) as members:
            for tower, name in zip(towers, CLIP_CHECKPOINTS, strict=True):
                with members.open(name) as file:
                    tower.load(_load(file)["state_dict"])
            return _with_adapter(module, members).state_dict()


class DinoTower(nn.Module):
    """DINO's ViT: the class token after the last block, before the last norm."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Build the ViT at random weights."""
        super().__init__()
        self.model = _vit(options, eps=1e-6)
        self.normalise = Normalise(*IMAGENET)

    def forward(self, images: Tensor) -> Tensor:
        """(B,1 or 3,224,224) images in [0,1] -> (B,width)."""
        tokens = self.model.prepare_tokens(self.normalise(images))
        for block in self.model.blocks:
            tokens = block(tokens)
        return tokens[:, 0]


class ClipTower(nn.Module):
    """CLIP's ViT in the shape of DINO's, projected to CLIP's joint space.

    quick: with OpenAI's approximation of GELU.
    """

    def __init__(self, options: dict[str, Any], quick: bool) -> None:
        """Build the ViT at random weights."""
        super().__init__()
        self.model = _vit(options, eps=1e-5)
        self.model.pos_drop = nn.LayerNorm(self.model.embed_dim, eps=1e-5)
        self.proj = nn.Parameter(torch.randn(self.model.embed_dim, PROJECTION) * 0.02)
        self.normalise = Normalise(*CLIP)
        if quick:
            quick_gelu = paper_package("dreamsim.feature_extraction.load_clip_as_dino").QuickGELU
            for block in self.model.blocks:
                block.mlp.act = quick_gelu()

    def forward(self, images: Tensor) -> Tensor:
        """(B,1 or 3,224,224) images in [0,1] -> (B,512)."""
        features: Tensor = self.model(self.normalise(images)) @ self.proj
        return features

    def load(self, state: dict[str, Tensor]) -> None:
        """Take a released checkpoint, strictly."""
        self.proj.data = state.pop("proj")
        self.model.load_state_dict(state)


def _vit(options: dict[str, Any], eps: float) -> Any:
    vit = paper_package("dreamsim.feature_extraction.vision_transformer").VisionTransformer
    with torch.device("cpu"):  # its constructor reads numbers off tensors
        model = vit(**{**VIT_B16, **options}, norm_layer=partial(nn.LayerNorm, eps=eps))
    return model.to(torch.get_default_device())


def _load(file: Path | IO[bytes]) -> Any:
    return torch.load(file, map_location="cpu", weights_only=True)


def _with_adapter(module: DreamSim, members: zipfile.ZipFile) -> nn.Module:
    """Return the module with W + (alpha / r) B A in place of every W that the adapter tuned."""
    with tempfile.TemporaryDirectory() as folder:
        for name in members.namelist():
            if name.startswith(f"{ADAPTER}/adapter_"):
                members.extract(name, folder)
        tuned = paper_package("peft").PeftModel.from_pretrained(module, f"{folder}/{ADAPTER}")
    merged: nn.Module = tuned.merge_and_unload()
    return merged
