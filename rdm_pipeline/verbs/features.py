"""rdm features: one shard of images, seen by one encoder."""

from pathlib import Path

import torch
from pydantic import PositiveInt

from rdm_pipeline.artifacts import Attribute, create_arrays, open_arrays
from rdm_pipeline.errors import RdmError
from rdm_pipeline.loading.device import compute_device
from rdm_pipeline.loading.encoders import load_encoder
from rdm_pipeline.loading.images import describe_images
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.encoders import Network
from rdm_pipeline.progress import Progress

BLOCK = 512


class Params(Section):
    """What features reads."""

    encoder: str
    network: Network
    threads: PositiveInt


@torch.no_grad()
def run(params: Params, *, images: Path, weights: Path, features: Path) -> None:
    """Write features (n, d) float32; row i is image i."""
    torch.set_num_threads(params.threads)
    about = describe_images(images)
    device = compute_device()
    encoder = load_encoder(weights, params.encoder, params.network, about.channels, about.size).to(
        device
    )
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
        for start in range(0, about.rows, BLOCK):
            block = torch.from_numpy(source["images"][start : start + BLOCK])
            rows = encoder(block.to(device).float() / 255)
            if not rows.isfinite().all():
                raise RdmError(f"encoder {params.encoder}: features of {images} are not finite")
            target["features"][start : start + len(rows)] = rows.cpu().numpy()
            progress.update(start + len(rows))
