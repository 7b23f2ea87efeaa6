"""The panel of the paper as its profile declares it, full size or small enough for tests."""

from pathlib import Path
from typing import Any

import torch
import yaml

from rdm_pipeline.encoders.battery import FrozenEncoder, build_encoder, initial_weights
from rdm_pipeline.params.encoders import Network

PROFILE = Path(__file__).parents[2] / "profiles/imagenet.yaml"
ROWS: dict[str, dict[str, Any]] = {
    name: spec["network"]
    for name, spec in yaml.safe_load(PROFILE.read_text())["panels"]["paper"].items()
}
VIT = {"depth": 2, "embed_dim": 32, "num_heads": 2}
# what to make smaller, by encoder; a vision transformer of timm unless named here
SMALL: dict[str, dict[str, Any]] = {
    "inception": {"resolution": 96},
    "convnext": {"dim": 16, "options": {"depths": [1, 1, 1, 1], "dims": [8, 8, 8, 16]}},
    "webssl_dino_1b": {
        "dim": 32,
        "options": {
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "use_swiglu_ffn": True,
        },
    },
    "dreamsim": {"dim": 24 + 1024, "options": {"embed_dim": 24, "depth": 12, "num_heads": 2}},
    "cradiov3_l": {"dim": 3 * 32, "options": VIT},
    "flux_vae": {
        "options": {"block_out_channels": [8] * 4, "norm_num_groups": 4, "layers_per_block": 1}
    },
}
TIMM = [name for name, row in ROWS.items() if row["family"] == "timm"]


def full_network(name: str) -> Network:
    return Network(**{**ROWS[name], "weights": "random"})


def small_network(name: str, **changes: Any) -> Network:
    small = SMALL.get(name, {"dim": 32, "options": VIT})
    return Network(**{**ROWS[name], "weights": "random", **small, **changes})


def small_encoder(name: str, **changes: Any) -> FrozenEncoder:
    """A small encoder whose every weight matters: fresh ones leave scales and tokens near 0."""
    network = small_network(name, **changes)
    return build_encoder(network, 3, 64, lively(initial_weights(network, 3), network.family))


def lively(weights: dict[str, torch.Tensor], family: str) -> dict[str, torch.Tensor]:
    if family == "inception":  # 94 layers: noise would explode
        return {
            name: tensor * 2.5 if tensor.ndim == 4 else tensor for name, tensor in weights.items()
        }
    noise = torch.Generator().manual_seed(5)
    return {
        name: tensor + 0.1 * torch.randn(tensor.shape, generator=noise)
        if tensor.is_floating_point()
        else tensor
        for name, tensor in weights.items()
    }


def some_images(size: int = 64) -> torch.Tensor:
    return torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0))
