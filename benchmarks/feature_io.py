"""How much of a features job is not the encoder: reading, conversion, transfer, writing.

python benchmarks/feature_io.py     1 thread for the encoder; on a CUDA machine there instead

The job as the rule runs it, on a shard that is not in the page cache, beside the same forward
passes on blocks in memory. A process's start is told apart: it is paid once per shard.
"""

import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from measure import at_most, take_turns

from rdm_pipeline.artifacts import create_arrays, open_arrays
from rdm_pipeline.encoders.battery import FrozenEncoder, build_encoder, initial_weights
from rdm_pipeline.loading.device import compute_device
from rdm_pipeline.params.encoders import Network
from rdm_pipeline.progress import Progress
from rdm_pipeline.verbs.features import block_rows, encode_rows

THREADS, ROUNDS, BAR = 1, 5, 0.05


@dataclass(frozen=True)
class Case:
    """An encoder, and a shard that keeps it busy for some seconds on a CPU and on a GPU."""

    network: Network
    pixels: int
    rows: dict[str, int]


CHEAP = Case(
    Network(family="convnet", source="conv_32_64_128", resolution=64, pool="flatten", dim=128),
    pixels=64,
    rows={"cpu": 10_240, "cuda": 204_800},
)
DEAR = Case(
    Network(
        family="timm",
        source="vit_small_patch16_224",
        resolution=224,
        pool="cls",
        dim=384,
        weights="random",
    ),
    pixels=256,
    rows={"cpu": 256, "cuda": 20_480},
)


def main() -> int:
    torch.set_num_threads(THREADS)
    device = compute_device()
    met = True
    for name, case in {"cheap": CHEAP, "dear": DEAR}.items():
        with tempfile.TemporaryDirectory() as folder:
            met &= compare(name, case, device, Path(folder))
    return int(not met)


def compare(name: str, case: Case, device: torch.device, folder: Path) -> bool:
    rows = case.rows[device.type]
    shard = write_shard(folder / "images.h5", rows, case.pixels)
    encoder = encoder_of(case).to(device)
    versions = {
        "job": lambda: job(encoder, case.network, shard, folder / "features.h5", device),
        "forward": lambda: forward(encoder, rows, case, device),
    }
    timed = take_turns(versions, ROUNDS, device.type)
    whole, alone = timed["job"].seconds, timed["forward"].seconds
    print(f"{name}: {case.network.source} at {case.network.resolution} px, {rows} images")
    print(f"{name}: job {whole:.3g} s, its forward passes {alone:.3g} s; {rows / whole:.0f} per s")
    return at_most(f"{name}: share of the job outside of the encoder", 1 - alone / whole, BAR)


def encoder_of(case: Case) -> FrozenEncoder:
    weights = initial_weights(case.network, 3)
    return build_encoder(case.network, 3, case.pixels, weights)


def write_shard(path: Path, rows: int, pixels: int) -> Path:
    block = np.random.default_rng(0).integers(0, 256, (128, 3, pixels, pixels), np.uint8)
    shapes = {"images": (rows, *block.shape[1:]), "labels": (rows,)}
    with create_arrays(path, "images", shapes, {"classes": json.dumps(["a"])}) as file:
        for start in range(0, rows, len(block)):
            file["images"][start : start + len(block)] = block[: rows - start]
    return path


def job(
    encoder: FrozenEncoder, network: Network, shard: Path, target: Path, device: torch.device
) -> None:
    forget(shard)
    with open_arrays(shard, "images") as source:
        rows = len(source["images"])
        attrs = {"encoder": "x", "pool": network.pool, "resolution": network.resolution}
        with create_arrays(target, "features", {"features": (rows, network.dim)}, attrs) as file:
            progress = Progress("features", rows)
            encode_rows(encoder, source["images"], file["features"], device, progress)


def forget(path: Path) -> None:
    """Take a file out of the page cache."""
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@torch.no_grad()
def forward(encoder: FrozenEncoder, rows: int, case: Case, device: torch.device) -> None:
    size = block_rows(case.network.resolution)
    block = torch.rand(size, 3, case.pixels, case.pixels, device=device)
    for start in range(0, rows, size):
        encoder(block[: rows - start])


if __name__ == "__main__":
    sys.exit(main())
