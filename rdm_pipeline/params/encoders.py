"""One frozen image encoder of the panel, as params.yaml describes it."""

from typing import Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from rdm_pipeline.params.base import Section

Objective = Literal[
    "supervised", "simclr", "masked", "rotation", "redundancy", "distillation", "captions", "vae"
]
Family = Literal[
    # built and, where they need it, trained by the demo
    "convnet",
    "vit",
    "efficientnet_lite",
    "scattering",
    "pixels",
    # the paper's panel
    "inception",
    "timm",
    "transformers",
    "dreamsim",
    "radio",
    "flux_vae",
]
Pool = Literal["avg", "cls", "attn", "summary", "patch_mean", "flatten"]


class Pretraining(Section):
    """How the DAG trains an encoder on the training split before freezing it."""

    objective: Objective
    steps: PositiveInt
    batch: PositiveInt
    learning_rate: PositiveFloat


class Network(Section):
    """What computes the features: architecture, origin of the weights, input size and read-out."""

    family: Family
    source: str = Field(min_length=1)
    resolution: PositiveInt
    pool: Pool
    dim: PositiveInt
    seed: int = Field(default=0, ge=0)


class EncoderSpec(Section):
    """A row of the panel (paper Table 5): an encoder and the part it plays."""

    role: Literal["train", "held_out"]
    paradigm: str = Field(min_length=1)
    network: Network
    pretraining: Pretraining | None = None

    @model_validator(mode="after")
    def _only_own_networks_are_trained(self) -> Self:
        if self.pretraining and self.network.family not in ("convnet", "vit"):
            family = self.network.family
            raise ValueError(f"pretraining: found one for {family}, allowed: for convnet and vit")
        return self
