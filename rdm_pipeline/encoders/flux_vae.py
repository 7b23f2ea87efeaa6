"""The FLUX.1 autoencoder: diffusers' AutoencoderKL, without its decoder."""

from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from rdm_pipeline.artifacts import read_tensors
from rdm_pipeline.encoders.released import Normalise, require_pool
from rdm_pipeline.packages import paper_package
from rdm_pipeline.params.encoders import Network

# vae/config.json of FLUX.1, where it differs from the class's defaults
FLUX: dict[str, Any] = {
    "block_out_channels": [128, 256, 512, 512],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "layers_per_block": 2,
    "latent_channels": 16,
    "use_quant_conv": False,
    "use_post_quant_conv": False,
}
PATCH = 4


class FluxVae(nn.Module):
    """The mean of the latent, averaged over patches of 4 x 4 and flattened."""

    def __init__(self, network: Network, channels: int) -> None:
        """Build the encoder of FLUX.1, changed by `network.options`, at random weights."""
        super().__init__()
        require_pool(network, "patch_mean")
        self.vae = paper_package("diffusers").AutoencoderKL(**{**FLUX, **network.options})
        del self.vae.decoder
        self.normalise = Normalise([0.5] * 3, [0.5] * 3)

    def forward(self, images: Tensor) -> Tensor:
        """(B,1 or 3,res,res) images in [0,1] -> (B, latent channels * (res / 32)^2) features."""
        latent: Tensor = self.vae.encode(self.normalise(images)).latent_dist.mean
        return functional.avg_pool2d(latent, PATCH).flatten(1)

    @classmethod
    def released(cls, network: Network, files: list[Path]) -> dict[str, Tensor]:
        """The state dict of the released safetensors, without the decoder."""
        tensors = {name: t for file in files for name, t in read_tensors(file)[0].items()}
        return {f"vae.{name}": t for name, t in tensors.items() if not name.startswith("decoder.")}
