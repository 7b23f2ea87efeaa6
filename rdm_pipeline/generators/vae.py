"""The demo's warm start: a class-conditional VAE (Kingma & Welling 2014) around the generator."""

import torch
from torch import Tensor, nn

from rdm_pipeline.generators.base import Generator
from rdm_pipeline.generators.minimise import minimise
from rdm_pipeline.params.generators import VaeSpec
from rdm_pipeline.progress import Report

HIDDEN = 256


class Encoder(nn.Module):
    """Approximate posterior q(z|x,c): mean and log variance (B,latent) of a diagonal Gaussian."""

    def __init__(
        self, widths: list[int], latent: int, classes: int, channels: int, image_size: int
    ) -> None:
        """Build the layers with torch's default initialisation."""
        super().__init__()
        half, quarter = widths
        self.convolutions = nn.Sequential(
            nn.Conv2d(channels, half, 4, stride=2, padding=1),
            nn.SiLU(),
            nn.Conv2d(half, quarter, 4, stride=2, padding=1),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(quarter * (image_size // 4) ** 2, HIDDEN),
        )
        self.embedding = nn.Embedding(classes, HIDDEN)
        self.head = nn.Sequential(nn.SiLU(), nn.Linear(HIDDEN, 2 * latent))

    def forward(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log variance for images (B,C,S,S) in [0,1] and labels (B,) int64."""
        hidden = self.convolutions(images) + self.embedding(labels)
        mean, log_variance = self.head(hidden).chunk(2, dim=1)
        return mean, log_variance


def train_vae(
    generator: Generator,
    images: Tensor,
    labels: Tensor,
    spec: VaeSpec,
    seed: int,
    progress: Report,
) -> None:
    """Train `generator` in place as the decoder of a VAE; the encoder is thrown away.

    images (N,C,S,S) uint8 and labels (N,) int64 on the generator's device; S a multiple of 4.
    The result depends on the arguments and the number of threads. Raises RdmError with the step at
    which the loss stops being finite.
    """
    random = torch.Generator().manual_seed(seed)
    encoder = _build_encoder(generator, images, labels, spec, seed).to(images.device)
    parameters = [*generator.parameters(), *encoder.parameters()]

    def loss(rows: Tensor, random: torch.Generator) -> Tensor:
        noise = torch.randn(len(rows), *generator.noise_shape, generator=random).to(images.device)
        rows = rows.to(images.device)
        batch = images[rows].float() / 255
        return _negative_elbo(generator, encoder, batch, labels[rows], noise, spec.kl_weight)

    minimise(loss, parameters, len(images), spec, random, progress, "warm start")


def _negative_elbo(
    generator: Generator,
    encoder: Encoder,
    images: Tensor,
    labels: Tensor,
    noise: Tensor,
    kl_weight: float,
) -> Tensor:
    """Return squared error + kl_weight * KL(q || N(0,I)), summed per image, mean over the batch."""
    mean, log_variance = encoder(images, labels)
    latent = mean + noise * (log_variance / 2).exp()
    error = (generator(latent, labels) - images).square().sum(dim=(1, 2, 3))
    divergence = (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1) / 2
    return (error + kl_weight * divergence).mean()


def _build_encoder(
    generator: Generator, images: Tensor, labels: Tensor, spec: VaeSpec, seed: int
) -> Encoder:
    (latent,) = generator.noise_shape
    channels, size = images.shape[1:3]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Encoder(spec.encoder_widths, latent, int(labels.max()) + 1, channels, size)
