"""Random views of a batch of images, drawn per image from torch's global generator."""

import math

import torch
from torch import Tensor
from torch.nn import functional


def random_view(images: Tensor, crop: float, jitter: float) -> Tensor:
    """A random crop, flip, brightness and contrast of every image.

    images: (B,C,H,W) float32 in [0,1]; returned likewise. crop: smallest share of the area that
    a crop keeps. jitter: largest relative change of brightness and contrast.
    """
    return _brightness_contrast(_crop_and_flip(images, crop), jitter)


def strong_view(images: Tensor) -> Tensor:
    """The view of self-supervised training: crops of 70 % of the area and more."""
    return random_view(images, crop=0.7, jitter=0.4)


def weak_view(images: Tensor) -> Tensor:
    """The view of supervised training: crops of 90 % of the area and more."""
    return random_view(images, crop=0.9, jitter=0.1)


def _crop_and_flip(images: Tensor, smallest_area: float) -> Tensor:
    count = len(images)
    zoom = torch.empty(count).uniform_(math.sqrt(smallest_area), 1)
    offset = (1 - zoom)[:, None] * torch.empty(count, 2).uniform_(-1, 1)
    flip = torch.randint(2, (count,)) * 2 - 1
    affine = torch.zeros(count, 2, 3)
    affine[:, 0, 0], affine[:, 1, 1], affine[:, :, 2] = zoom * flip, zoom, offset
    grid = functional.affine_grid(affine, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=False)


def _brightness_contrast(images: Tensor, jitter: float) -> Tensor:
    factors = torch.empty(2, len(images), 1, 1, 1).uniform_(1 - jitter, 1 + jitter)
    mean = images.mean((1, 2, 3), keepdim=True)
    return ((images - mean) * factors[0] + mean * factors[1]).clamp(0, 1)
