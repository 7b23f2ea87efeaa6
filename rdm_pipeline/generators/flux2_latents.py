"""Latents of FLUX.2 as tokens, and the times at which its sampler evaluates the velocity.

The layouts and the schedule are those of diffusers' Flux2KleinPipeline.
"""

import math

import torch
from torch import Tensor

PATCH = 2


def patchify(latents: Tensor) -> Tensor:
    """(B, C, 2h, 2w) latents of the VAE -> (B, 4C, h, w), a patch of 2 x 2 per place."""
    patches = latents.unflatten(3, (-1, PATCH)).unflatten(2, (-1, PATCH))  # B C h y w x
    return patches.permute(0, 1, 3, 5, 2, 4).flatten(1, 3)


def unpatchify(patches: Tensor) -> Tensor:
    """(B, 4C, h, w) -> (B, C, 2h, 2w), the inverse of `patchify`."""
    latents = patches.unflatten(1, (-1, PATCH, PATCH))  # B C y x h w
    return latents.permute(0, 1, 4, 2, 5, 3).flatten(4, 5).flatten(2, 3)


def pack(patches: Tensor) -> Tensor:
    """(B, C, h, w) -> tokens (B, h w, C), row by row."""
    return patches.flatten(2).transpose(1, 2)


def unpack(tokens: Tensor, height: int, width: int) -> Tensor:
    """Tokens (B, h w, C) -> (B, C, h, w), the inverse of `pack`."""
    return tokens.transpose(1, 2).unflatten(2, (height, width))


def image_positions(height: int, width: int, device: torch.device) -> Tensor:
    """Return the places (h w, 4) int64 of image tokens: time 0, row, column, layer 0."""
    return _grid(1, height, width, 1, device)


def text_positions(length: int, device: torch.device) -> Tensor:
    """Return the places (L, 4) int64 of text tokens: their number is the last coordinate."""
    return _grid(1, 1, 1, length, device)


def sampling_times(steps: int, tokens: int) -> list[float]:
    """Return the times from 1 to 0 of `steps` Euler steps: steps + 1 numbers.

    Evenly spaced ones, shifted towards 1 the more, the more tokens the image has: t becomes
    e^mu / (e^mu + 1/t - 1), mu by `_shift`. A single step goes from 1 to 0.
    """
    factor = math.exp(_shift(steps, tokens))
    even = [1 - k / steps for k in range(steps)]
    return [factor / (factor + 1 / time - 1) for time in even] + [0.0]


def _shift(steps: int, tokens: int) -> float:
    """Return diffusers' empirical mu: linear in the steps between fits at 10 and at 200 of them."""
    at_200 = 0.00016927 * tokens + 0.45666666
    if tokens > 4300:
        return at_200
    at_10 = 8.73809524e-05 * tokens + 1.89833333
    slope = (at_200 - at_10) / 190
    return at_200 + slope * (steps - 200)


def _grid(t: int, h: int, w: int, layer: int, device: torch.device) -> Tensor:
    return torch.cartesian_prod(*(torch.arange(n, device=device) for n in (t, h, w, layer)))
