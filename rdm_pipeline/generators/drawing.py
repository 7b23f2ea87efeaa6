"""Images of a generator, as many at once as memory allows."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from rdm_pipeline.generators.base import Generator

BLOCK, PIXELS = 512, 2**23  # at most so many images, and pixels, at once

Rows = Callable[[range], Tensor]  # numbers of samples -> what the generator takes, a row each


@torch.no_grad()
def draw(
    generator: Generator,
    samples: range,
    size: int,
    noise: Rows,
    conditions: Rows,
    device: torch.device,
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield images (n,C,size,size) uint8 of the numbered samples, and their places among them."""
    block = max(1, min(BLOCK, PIXELS // size**2))
    for start in range(samples.start, samples.stop, block):
        numbers = range(start, min(start + block, samples.stop))
        images = generator(noise(numbers).to(device), conditions(numbers).to(device))
        levels = (images * 255).round().to(torch.uint8).numpy(force=True)
        yield slice(start - samples.start, numbers.stop - samples.start), levels
