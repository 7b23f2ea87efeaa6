"""FLUX.2 [klein] 4B at random weights: one training step at 512 px, memory and images/s as JSON.

python benchmarks/flux2.py                       on a GPU, against the 10 training encoders
python benchmarks/flux2.py --encoders dinov3_l   against one of them
python benchmarks/flux2.py --keep                blocks kept instead of computed again
python benchmarks/flux2.py --toy                 a small model and encoder, for a check on a CPU
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import torch
from bare_run import bare_run, random_encoders

from rdm_pipeline.loading.device import compute_device
from rdm_pipeline.params.project import Project, load_tree, parse
from rdm_pipeline.reference.conditions import Conditions
from rdm_pipeline.training.loop import train_step
from rdm_pipeline.training.monitor import peak_memory

KLEIN = {
    "transformer": {
        "num_layers": 5,
        "num_single_layers": 20,
        "num_attention_heads": 24,
        "attention_head_dim": 128,
    },
    "vae": {
        "block_out_channels": [128, 256, 512, 512],
        "layers_per_block": 2,
        "latent_channels": 32,
        "norm_num_groups": 32,
    },
    "context_length": 48,
    "context_dim": 7680,
}
TOY = {
    "transformer": {
        "num_layers": 2,
        "num_single_layers": 2,
        "num_attention_heads": 4,
        "attention_head_dim": 32,
    },
    "vae": {
        "block_out_channels": [16, 32],
        "layers_per_block": 1,
        "latent_channels": 4,
        "norm_num_groups": 8,
    },
    "context_length": 8,
    "context_dim": 384,
}
PROMPTS, CODE_DIM = 64, 1152  # of SigLIP 2's text tower
RUN, CHANNELS = "irdm", 3


def main() -> int:
    told = arguments()
    device, project = compute_device(), setup(told)
    run = project.runs[RUN]
    networks = {
        name: project.encoders[name].network
        if told.toy
        else project.encoders[name].network.model_copy(update={"weights": "random"})
        for name in project.battery(RUN)
    }
    encoders = random_encoders(networks, CHANNELS, told.image_size, device)
    dims = {name: network.dim for name, network in networks.items()}
    image = (CHANNELS, told.image_size)
    engine, setting, state = bare_run(
        project, run, encoders, dims, prompts(TOY if told.toy else KLEIN), image, device
    )
    seconds = [timed_step(engine, setting, state) for _ in range(told.steps + 1)]
    report = {
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "torch": torch.__version__,
        "settings": vars(told),
        "encoders": list(encoders),
        "parameters": count(engine.module.transformer),
        "vae_parameters": count(engine.module.vae),
        "step_seconds": seconds,
        "images_per_second": told.batch / min(seconds[1:]),  # the first one warms up
        "peak_memory_gb": peak_memory() / 1e9,
    }
    print(json.dumps(report, indent=2))
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--toy", action="store_true", help="at 32 px, in float32")
    parser.add_argument("--image-size", type=int)
    parser.add_argument("--encoders", nargs="*", help="default: all that train")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--micro-batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="no checkpointing of blocks")
    told = parser.parse_args()
    told.image_size = told.image_size or (32 if told.toy else 512)
    return told


def setup(told: argparse.Namespace) -> Project:
    """The imagenet profile, or the smoke profile for a toy, with its run training a flux2."""
    tree = load_tree(Path(__file__).resolve().parents[1], "smoke" if told.toy else "imagenet")
    size = TOY if told.toy else KLEIN
    sampler = {"kind": "flux2", "steps": 1, "gradient_checkpointing": not told.keep}
    tree["generators"] = {"flux2": {**size, **sampler}}
    context = {"kind": "minilm", "length": size["context_length"]}
    tree["prompts"] = {"context": context, "text": {"kind": "minilm"}}
    run = tree["runs"][RUN]
    nowhere = {"path": "none"}
    start = {"kind": "checkpoint", "generator": "flux2", "vae": nowhere, **nowhere}
    tree["warm_starts"] = dict.fromkeys(tree["warm_starts"], start)
    battery = told.encoders or (["random"] if told.toy else "all")
    tree["references"][run["reference"]]["beta"] = 1.0
    launch = {"ranks": 1, "micro_batch": told.micro_batch, "zero_stage": 1}
    launch["precision"] = "float32" if told.toy else "bfloat16"
    tree["runs"][RUN] = run | {
        "batch": told.batch,
        "battery": battery,
        "weighting": "uniform",
        "labels": "uniform",
        "launch": run["launch"] | launch,
    }
    return parse(tree)


def prompts(size: dict[str, Any]) -> Conditions:
    """Random codes, and contexts made of the prompts' numbers."""
    shape = (size["context_length"], size["context_dim"])

    def contexts(labels: torch.Tensor) -> torch.Tensor:
        return (labels[:, None, None] / PROMPTS).expand(-1, *shape)

    return Conditions(torch.randn(PROMPTS, CODE_DIM), contexts)


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def timed_step(engine: Any, setting: Any, state: Any) -> float:
    """Seconds of a training step, the GPU's included."""
    started = time.perf_counter()
    train_step(engine, setting, state)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    state.step += 1
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
