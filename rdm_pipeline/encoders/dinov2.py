"""Web-SSL DINO (Fan et al. 2025): transformers' Dinov2Model."""

from pathlib import Path

from torch import Tensor, nn

from rdm_pipeline.artifacts import read_tensors
from rdm_pipeline.encoders.released import Normalise, require_pool
from rdm_pipeline.packages import paper_package
from rdm_pipeline.params.encoders import Network

# ImageNet's, as in DINOv2
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Dinov2(nn.Module):
    """A Dinov2Model, read out by its pooler: the class token after the last norm."""

    def __init__(self, network: Network, channels: int) -> None:
        """Build the model that `network.options` describe, at random weights."""
        super().__init__()
        transformers = paper_package("transformers")
        require_pool(network, "cls")
        config = transformers.Dinov2Config(
            image_size=network.resolution, use_mask_token=False, **network.options
        )
        self.model = transformers.Dinov2Model(config)
        self.normalise = Normalise(MEAN, STD)

    def forward(self, images: Tensor) -> Tensor:
        """(B,1 or 3,res,res) images in [0,1] -> (B,dim) features."""
        features: Tensor = self.model(self.normalise(images)).pooler_output
        return features

    @classmethod
    def released(cls, network: Network, files: list[Path]) -> dict[str, Tensor]:
        """The state dict of the released safetensors, without the token of masked training."""
        tensors = {name: t for file in files for name, t in read_tensors(file)[0].items()}
        tensors.pop("embeddings.mask_token", None)
        return {f"model.{name}": tensor for name, tensor in tensors.items()}
