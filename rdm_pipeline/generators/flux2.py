"""FLUX.2 [klein]: diffusers' transformer over the latents of a frozen VAE, sampled with gradients.

Flow matching: x_t = (1 - t) latents + t noise, and the transformer gives the velocity
noise - latents (Lipman et al. 2023). One Euler step from t = 1 to 0 is the one-step generator.
"""

from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from rdm_pipeline.errors import RdmError
from rdm_pipeline.generators.flux2_latents import (
    PATCH,
    image_positions,
    pack,
    patchify,
    sampling_times,
    text_positions,
    unpack,
    unpatchify,
)
from rdm_pipeline.packages import paper_package
from rdm_pipeline.params.generators import Flux2Spec, Flux2VaeSize


class Flux2(nn.Module):
    """Noise (B,4C,h,w) and text contexts (B,L,D) to images (B,channels,S,S) in [0,1].

    The VAE is frozen and passes gradients; the transformer is trained. Raises RdmError for an image
    size that the latents' patches do not fill, and for contexts of another length or width.
    """

    def __init__(self, spec: Flux2Spec, classes: int, channels: int, image_size: int) -> None:
        """Build transformer and VAE at random weights; `classes` play no part."""
        super().__init__()
        scale = PATCH * 2 ** (len(spec.vae.block_out_channels) - 1)
        if image_size % scale:
            raise RdmError(
                f"generator.vae: one token covers {scale} x {scale} pixels, allowed: a divisor of "
                f"the dataset's image size {image_size}"
            )
        side, width = image_size // scale, PATCH**2 * spec.vae.latent_channels
        self.spec = spec
        self.noise_shape: tuple[int, ...] = (width, side, side)
        self.transformer = _transformer(spec, width)
        self.vae = _autoencoder(spec.vae, channels)
        self.vae.eval().requires_grad_(False)
        if spec.gradient_checkpointing:
            self.transformer.enable_gradient_checkpointing()

    def train(self, mode: bool = True) -> "Flux2":
        """Set the transformer's mode; the VAE never leaves evaluation."""
        super().train(mode)
        self.vae.eval()
        return self

    def forward(self, noise: Tensor, contexts: Tensor) -> Tensor:
        """Follow the velocity from t = 1 to 0 in `spec.steps` steps; return images in [0,1]."""
        return self.decode(self.latents(noise, contexts))

    def latents(self, noise: Tensor, contexts: Tensor) -> Tensor:
        """Return the normalised latents (B,4C,h,w) float32 that the sampler ends at."""
        # float32 whatever the network computes in: a step adds little to much
        x = noise.float()
        for now, later in pairwise(sampling_times(self.spec.steps, x.shape[2] * x.shape[3])):
            x = x + (later - now) * self.velocity(x, x.new_full((len(x),), now), contexts)
        return x

    def velocity(self, x: Tensor, times: Tensor, contexts: Tensor) -> Tensor:
        """Return the velocity (B,4C,h,w) float32 at noisy latents x and times (B,) in [0,1]."""
        self._check(contexts)
        dtype = self.transformer.dtype
        (tokens,) = self.transformer(
            hidden_states=pack(x).to(dtype),
            encoder_hidden_states=contexts.to(dtype),
            timestep=times.to(dtype),
            img_ids=image_positions(x.shape[2], x.shape[3], x.device),
            txt_ids=text_positions(contexts.shape[1], x.device),
            return_dict=False,
        )
        return unpack(tokens, x.shape[2], x.shape[3]).float()

    def decode(self, latents: Tensor) -> Tensor:
        """Normalised latents (B,4C,h,w) -> images (B,channels,S,S) in [0,1]."""
        mean, std = self.latent_statistics()
        denormalised = unpatchify(latents * std + mean)
        (images,) = self.vae.decode(denormalised.to(self.vae.dtype), return_dict=False)
        return (images / 2 + 0.5).clamp(0, 1)

    def encode(self, images: Tensor) -> Tensor:
        """Images (B,channels,S,S) in [0,1] -> normalised latents (B,4C,h,w), the posterior mean."""
        mean, std = self.latent_statistics()
        posterior = self.vae.encode((2 * images - 1).to(self.vae.dtype)).latent_dist
        return (patchify(posterior.mean) - mean) / std

    def latent_statistics(self) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation (4C,1,1) of the training set's latents."""
        norm = self.vae.bn
        return norm.running_mean[:, None, None], (norm.running_var + norm.eps).sqrt()[:, None, None]

    def _check(self, contexts: Tensor) -> None:
        expected = (self.spec.context_length, self.spec.context_dim)
        if contexts.shape[1:] != expected:
            raise RdmError(
                f"contexts: found {tuple(contexts.shape[1:])} (length, width), the generator takes "
                f"{expected}: generator.context_length, context_dim"
            )


def _transformer(spec: Flux2Spec, channels: int) -> Any:
    size = spec.transformer
    return paper_package("diffusers").Flux2Transformer2DModel(
        in_channels=channels,
        joint_attention_dim=spec.context_dim,
        axes_dims_rope=(size.attention_head_dim // 4,) * 4,
        guidance_embeds=False,
        **size.model_dump(),
    )


def _autoencoder(size: Flux2VaeSize, channels: int) -> Any:
    levels = len(size.block_out_channels)
    return paper_package("diffusers").AutoencoderKLFlux2(
        in_channels=channels,
        out_channels=channels,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        **size.model_dump(),
    )
