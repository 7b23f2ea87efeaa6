"""The Inception-v3 of FID, with TensorFlow's weights: torch-fidelity's network."""

import io
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rdm_pipeline.encoders.released import Normalise, fitting, require_pool
from rdm_pipeline.packages import paper_package
from rdm_pipeline.params.encoders import Network

# TensorFlow's graph takes (x - 128) / 128 of x in 0..255
CENTRE = 128 / 255

# up to pool3; torch-fidelity's own forward wants uint8 images, which carry no gradient
LAYERS = (
    *("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "MaxPool_1"),
    *("Conv2d_3b_1x1", "Conv2d_4a_3x3", "MaxPool_2"),
    *("Mixed_5b", "Mixed_5c", "Mixed_5d"),
    *("Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"),
    *("Mixed_7a", "Mixed_7b", "Mixed_7c", "AvgPool"),
)


class Inception(nn.Module):
    """The pooled last feature map (pool3), 2048 features."""

    def __init__(self, network: Network, channels: int) -> None:
        """Build the network without its classifier, at random weights."""
        super().__init__()
        require_pool(network, "avg")
        self.network = _without_weights()
        del self.network.fc
        self.normalise = Normalise([CENTRE] * 3, [CENTRE] * 3)

    def forward(self, images: Tensor) -> Tensor:
        """(B,1 or 3,res,res) images in [0,1] -> (B,2048) features."""
        maps = self.normalise(images)
        for name in LAYERS:
            maps = self.network.get_submodule(name)(maps)
        return maps.flatten(1)

    @classmethod
    def released(cls, network: Network, files: list[Path]) -> dict[str, Tensor]:
        """The state dict of torch-fidelity's file, without the classifier."""
        with fitting(files[0], network):
            state = torch.load(files[0], map_location="cpu", weights_only=True)
        return {f"network.{name}": t for name, t in state.items() if not name.startswith("fc.")}


def _without_weights() -> Any:
    """torch-fidelity's network as it is before its constructor downloads and unpickles weights."""
    module = paper_package("torch_fidelity.feature_extractor_inceptionv3")

    class Unloaded(module.FeatureExtractorInceptionV3):  # type: ignore[name-defined]
        def load_state_dict(self, *_: Any) -> None:
            return None

    nothing = io.BytesIO()
    torch.save({}, nothing)
    nothing.seek(0)
    return Unloaded("inception", ["2048"], feature_extractor_weights_path=nothing)
