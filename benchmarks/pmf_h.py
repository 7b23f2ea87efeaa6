"""pMF-H at full size against the 10 training encoders at random weights: a few steps on a GPU.

python benchmarks/pmf_h.py                             images/s, memory, share of time by encoder
python benchmarks/pmf_h.py --compile                   the same with compiled encoders
python benchmarks/pmf_h.py --precision float32         the generator and all encoders in float32
python benchmarks/pmf_h.py --checkpointing --micro-batch 64    blocks of the generator recomputed
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from bare_run import bare_run, random_encoders

from rdm_pipeline.encoders.battery import FrozenEncoder
from rdm_pipeline.loading.device import compute_device
from rdm_pipeline.params.project import Project, load_tree, parse
from rdm_pipeline.params.runs import Run
from rdm_pipeline.reference.conditions import Conditions
from rdm_pipeline.reference.coupling import class_codes
from rdm_pipeline.training.loop import train_step
from rdm_pipeline.training.monitor import peak_memory

CLASSES, CHANNELS, SIZE = 1000, 3, 256
ROUNDS = 3


def main() -> int:
    told = arguments()
    device = compute_device()
    project, run = setup(told)
    networks = {
        name: project.encoders[name].network.model_copy(
            update={"weights": "random"} | float32_if(told.precision == "float32")
        )
        for name in project.battery("irdm")
        if not told.encoders or name in told.encoders
    }
    encoders = random_encoders(networks, CHANNELS, SIZE, device)
    if told.compile:
        for encoder in encoders.values():
            encoder.module.compile()
    dims = {name: network.dim for name, network in networks.items()}
    engine, setting, state = bare_run(
        project, run, encoders, dims, Conditions(class_codes(CLASSES)), (CHANNELS, SIZE), device
    )
    seconds = []
    for _ in range(told.steps + 1):  # the first one warms up
        seconds.append(timed(lambda: train_step(engine, setting, state)))
        state.step += 1
    step = min(seconds[1:])
    report = {
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "torch": torch.__version__,
        "settings": vars(told),
        "generator_parameters": sum(p.numel() for p in engine.module.parameters()),
        "step_seconds": seconds,
        "images_per_second": told.batch / step,
        "peak_memory_gb": peak_memory() / 1e9,
        "shares": shares(engine, setting.noise_shape, encoders, told, step),
    }
    print(json.dumps(report, indent=2))
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="H", help="of pMF: T, B, M, L, H, XL")
    parser.add_argument("--encoders", nargs="*", default=[], help="default: all that train")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--micro-batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--precision", choices=["bfloat16", "float32"], default="bfloat16")
    parser.add_argument("--checkpointing", action="store_true", help="of the generator's blocks")
    parser.add_argument("--compile", action="store_true", help="the encoders")
    return parser.parse_args()


def setup(told: argparse.Namespace) -> tuple[Project, Run]:
    """The imagenet profile at the size, batch and precision asked for, on one rank."""
    tree = load_tree(Path(__file__).resolve().parents[1], "imagenet")
    tree["generators"]["pmf_h"] |= {
        "size": told.size,
        "gradient_checkpointing": told.checkpointing,
    }
    run = tree["runs"]["irdm"] | {"batch": told.batch, "weighting": "uniform"}
    launch = {"ranks": 1, "micro_batch": told.micro_batch, "precision": told.precision}
    tree["runs"]["irdm"] = run | {"launch": run["launch"] | launch}
    project = parse(tree)
    return project, project.runs["irdm"]


def float32_if(wanted: bool) -> dict[str, str]:
    """A change of a network's precision, if it is wanted."""
    return {"precision": "float32"} if wanted else {}


def shares(
    engine: Any,
    noise_shape: tuple[int, ...],
    encoders: dict[str, FrozenEncoder],
    told: argparse.Namespace,
    step: float,
) -> dict[str, float]:
    """Share of a step's time by part: both passes of all micro-batches, each part timed alone."""
    device = next(engine.module.parameters()).device
    passes = told.batch // told.micro_batch
    twice = passes > 1  # one micro-batch alone is passed once
    dtype = next(engine.module.parameters()).dtype
    noise = torch.randn(told.micro_batch, *noise_shape, device=device, dtype=dtype)
    labels = torch.zeros(told.micro_batch, dtype=torch.int64, device=device)
    images = torch.rand(told.micro_batch, CHANNELS, SIZE, SIZE, device=device).requires_grad_()
    weights = list(engine.module.parameters())
    parts = {"generator": lambda: both_passes(lambda: engine.module(noise, labels), weights, twice)}
    for name, encoder in encoders.items():
        parts[name] = partial(both_passes, partial(encoder, images), [images], twice)
    found = {name: passes * seconds() / step for name, seconds in parts.items()}
    return {**found, "rest (loss, optimizer, resize shared)": 1 - sum(found.values())}


def both_passes(part: Callable[[], torch.Tensor], wanted: list[torch.Tensor], twice: bool) -> float:
    """Seconds of a pass with a graph and its gradient, and before it one without, if `twice`."""

    def once() -> None:
        if twice:
            with torch.no_grad():
                part()
        torch.autograd.grad(part().float().sum(), wanted, allow_unused=True)

    once()
    return min(timed(once) for _ in range(ROUNDS))


def timed(work: Callable[[], object]) -> float:
    """Seconds of some work, the GPU's included."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    started = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
