"""The demo's generator: a small class-conditional decoder without normalisation layers."""

import torch
from torch import Tensor, nn

from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.generators import DecoderSpec

SCALE = 4  # two pixel-shuffle stages of factor 2


class Decoder(nn.Module):
    """MLP to a feature map of a quarter of the image size, then two convolution + shuffle stages.

    Takes noise (B,latent) float32 and labels (B,) int64; gives images (B,channels,S,S) in [0,1].
    Raises RdmError for an image size that is not a multiple of 4.
    """

    def __init__(self, spec: DecoderSpec, classes: int, channels: int, image_size: int) -> None:
        """Build the layers with torch's default initialisation."""
        super().__init__()
        if image_size % SCALE:
            raise RdmError(
                f"generator.kind: decoder makes images whose size is a multiple of {SCALE}, "
                f"the dataset's is {image_size}"
            )
        quarter, half, full = spec.widths
        base = image_size // SCALE
        self.noise_shape: tuple[int, ...] = (spec.latent,)
        self.embedding = nn.Embedding(classes, spec.class_embedding)
        self.mlp = nn.Sequential(
            nn.Linear(spec.latent + spec.class_embedding, spec.hidden),
            nn.SiLU(),
            nn.Linear(spec.hidden, spec.hidden),
            nn.SiLU(),
            nn.Linear(spec.hidden, quarter * base * base),
            nn.Unflatten(1, (quarter, base, base)),
            nn.SiLU(),
        )
        self.upsample = nn.Sequential(
            *_upsample(quarter, half),
            *_upsample(half, full),
            nn.Conv2d(full, channels, 3, padding=1),
        )

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Return images (B,channels,S,S) in [0,1]."""
        features = self.mlp(torch.cat([noise, self.embedding(labels)], dim=1))
        # Channels last is the faster layout for these narrow convolutions on a CPU.
        return torch.sigmoid(self.upsample(features.contiguous(memory_format=torch.channels_last)))


def _upsample(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, 4 * outputs, 3, padding=1), nn.SiLU(), nn.PixelShuffle(2)]
