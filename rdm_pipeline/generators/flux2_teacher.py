"""The demo's teacher: a small FLUX.2 trained from images, first its VAE and then its velocity."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from rdm_pipeline.generators.flux2 import Flux2
from rdm_pipeline.generators.flux2_latents import patchify
from rdm_pipeline.generators.minimise import minimise
from rdm_pipeline.params.teacher import AutoencoderTraining, TeacherSpec
from rdm_pipeline.progress import Report

BLOCK = 512
Contexts = Callable[[Tensor], Tensor]  # rows (B,) int64 of the images -> contexts (B,L,D)
NAME = "teacher"  # in errors


def train_teacher(
    model: Flux2,
    images: Tensor,
    contexts_of: Contexts,
    spec: TeacherSpec,
    seed: int,
    report_of: Callable[[str], Report],
) -> None:
    """Train `model` in place on images (N,C,S,S) uint8 and the contexts of their prompts.

    `report_of` makes the reports of its two parts, from their names.

    The result depends on the arguments and the number of threads. Raises RdmError with the step at
    which a loss stops being finite.
    """
    random = torch.Generator().manual_seed(seed)
    train_autoencoder(model, images, spec.autoencoder, random, report_of("autoencoder"))
    clean = normalise_latents(model, images)

    def loss(rows: Tensor, random: torch.Generator) -> Tensor:
        noise = torch.randn(len(rows), *model.noise_shape, generator=random).to(clean.device)
        # logit-normal: most often in the middle, where the velocity is hardest (Esser et al. 2024)
        times = torch.randn(len(rows), generator=random).sigmoid().to(clean.device)
        return velocity_loss(model, clean[rows], noise, times, contexts_of(rows.to(clean.device)))

    weights, progress = model.transformer.parameters(), report_of("velocity")
    minimise(loss, weights, len(images), spec.flow, random, progress, NAME)


def velocity_loss(
    model: Flux2, latents: Tensor, noise: Tensor, times: Tensor, contexts: Tensor
) -> Tensor:
    """Return the mean of |v(x_t, t, c) - (noise - latents)|^2, x_t = (1 - t) latents + t noise.

    latents, noise (B,4C,h,w), times (B,) in [0,1], contexts (B,L,D) -> float32 scalar.
    """
    t = times[:, None, None, None]
    velocity = model.velocity((1 - t) * latents + t * noise, times, contexts)
    return (velocity - (noise - latents)).square().mean()


def train_autoencoder(
    model: Flux2,
    images: Tensor,
    spec: AutoencoderTraining,
    random: torch.Generator,
    progress: Report,
) -> None:
    """Train the VAE of `model` in place on images (N,C,S,S) uint8; it is frozen again after."""
    vae = model.vae.requires_grad_(True)

    def loss(rows: Tensor, random: torch.Generator) -> Tensor:
        batch = images[rows].float() / 127.5 - 1
        posterior = vae.encode(batch).latent_dist
        drawn = torch.randn(posterior.mean.shape, generator=random).to(batch.device)
        (output,) = vae.decode(posterior.mean + posterior.std * drawn, return_dict=False)
        divergence = posterior.mean.square() + posterior.var - 1 - posterior.logvar
        return (output - batch).square().mean() + spec.kl_weight * divergence.mean() / 2

    minimise(loss, vae.parameters(), len(images), spec, random, progress, NAME)
    vae.requires_grad_(False)


@torch.no_grad()
def normalise_latents(model: Flux2, images: Tensor) -> Tensor:
    """Give the VAE the statistics of these images' latents; return these, normalised.

    images (N,C,S,S) uint8 -> (N,4C,h,w) float32, mean 0 and variance 1 per channel.
    """
    norm = model.vae.bn
    patches = torch.cat([_patches(model.vae, block) for block in images.split(BLOCK)])
    norm.running_mean.copy_(patches.mean(dim=(0, 2, 3)))
    norm.running_var.copy_(patches.var(dim=(0, 2, 3), correction=0))
    mean, std = model.latent_statistics()
    return (patches - mean) / std


def _patches(vae: Any, images: Tensor) -> Tensor:
    return patchify(vae.encode(images.float() / 127.5 - 1).latent_dist.mean)
