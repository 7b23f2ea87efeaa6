"""rdm features: one shard of images, seen by one encoder."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from pydantic import PositiveInt
from torch import Tensor

from rdm_pipeline.artifacts import Array, Attribute, create_arrays, open_arrays
from rdm_pipeline.encoders.battery import FrozenEncoder
from rdm_pipeline.errors import RdmError
from rdm_pipeline.loading.device import compute_device
from rdm_pipeline.loading.encoders import load_encoder
from rdm_pipeline.loading.images import describe_images
from rdm_pipeline.overlap import ahead, behind
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.encoders import Network
from rdm_pipeline.progress import Progress

DEPTH = 2  # blocks that wait before the encoder, and as many behind it


class Params(Section):
    """What features reads."""

    encoder: str
    network: Network
    threads: PositiveInt


def run(params: Params, *, images: Path, weights: Path, features: Path) -> None:
    """Write features (n, d) float32; row i is image i."""
    torch.set_num_threads(params.threads)
    about = describe_images(images)
    device = compute_device()
    encoder = load_encoder(weights, params.encoder, params.network, about.channels, about.size)
    attrs: dict[str, Attribute] = {
        "encoder": params.encoder,
        "pool": params.network.pool,
        "resolution": params.network.resolution,
    }
    shapes = {"features": (about.rows, params.network.dim)}
    progress = Progress(f"features {params.encoder}", about.rows)
    with (
        open_arrays(images, "images") as source,
        create_arrays(features, "features", shapes, attrs) as target,
    ):
        encode_rows(encoder.to(device), source["images"], target["features"], device, progress)


def block_rows(resolution: int) -> int:
    """Return how many images an encoder of this resolution sees at a time: its layers' memory."""
    return 512 if resolution <= 64 else 128


@torch.no_grad()
def encode_rows(
    encoder: FrozenEncoder,
    images: Array,
    features: Array,
    device: torch.device,
    progress: Progress,
) -> None:
    """Fill `features` (n,d) from `images` (n,C,H,W) uint8, block by block.

    The next blocks are read and the last ones written while the encoder computes. RdmError if a
    feature is not finite.
    """

    def write(start: int, rows: Tensor) -> None:
        values = rows.numpy(force=True)
        if not np.isfinite(values).all():
            raise RdmError(f"{progress.label}: rows from {start} on are not finite")
        features[start : start + len(values)] = values
        progress.update(start + len(values))

    with behind(write, DEPTH) as leave:
        for start, block in ahead(_blocks(images, encoder.resolution, device), DEPTH):
            leave(start, encoder(block))


def _blocks(images: Array, resolution: int, device: torch.device) -> Iterator[tuple[int, Tensor]]:
    """Yield blocks of images (n,C,H,W) float32 in [0, 1] on the device, with their first rows."""
    rows = block_rows(resolution)
    for start in range(0, len(images), rows):
        yield start, torch.from_numpy(images[start : start + rows]).to(device).float() / 255
