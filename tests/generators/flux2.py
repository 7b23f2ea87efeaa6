"""A FLUX.2 small enough for a second, of the same classes as the published one."""

import torch

from rdm_pipeline.generators.base import build_generator
from rdm_pipeline.generators.flux2 import Flux2
from rdm_pipeline.params.generators import Flux2Spec

CHANNELS, SIZE, LENGTH, DIM = 3, 16, 5, 12
TINY = Flux2Spec.model_validate(
    {
        "kind": "flux2",
        "transformer": {
            "num_layers": 2,
            "num_single_layers": 2,
            "num_attention_heads": 2,
            "attention_head_dim": 16,
        },
        "vae": {
            "block_out_channels": [8, 16],
            "layers_per_block": 1,
            "latent_channels": 3,
            "norm_num_groups": 4,
        },
        "context_length": LENGTH,
        "context_dim": DIM,
        "steps": 1,
        "gradient_checkpointing": False,
    }
)


def tiny(**changes: object) -> Flux2:
    """A generator of random weights whose VAE has statistics of its own."""
    model = build_generator(TINY.model_copy(update=changes), 0, CHANNELS, SIZE, seed=0)
    assert isinstance(model, Flux2)
    generator = torch.Generator().manual_seed(1)
    model.vae.bn.running_mean.copy_(torch.randn(12, generator=generator))
    model.vae.bn.running_var.copy_(torch.rand(12, generator=generator) + 0.5)
    return model


def inputs(count: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    """Noise and contexts."""
    generator = torch.Generator().manual_seed(2)
    noise = torch.randn(count, 12, SIZE // 4, SIZE // 4, generator=generator)
    return noise, torch.randn(count, LENGTH, DIM, generator=generator)
