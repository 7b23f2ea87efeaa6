"""A run: one generator trained in one way, the unit that every table compares."""

from typing import Annotated, Literal, Self

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from rdm_pipeline.params.base import Section
from rdm_pipeline.params.generators import VaeSpec


class WarmStart(Section):
    """A generator trained before matching starts: the decoder of a class-conditional VAE."""

    generator: str
    seed: NonNegativeInt
    threads: PositiveInt
    vae: VaeSpec


class ControllerSpec(Section):
    """Constants of the proportional Lagrangian controller (method: section 4)."""

    ema: float = Field(gt=0, le=1)
    kp: NonNegativeFloat
    ki: NonNegativeFloat
    kd: NonNegativeFloat
    error_clip: PositiveFloat
    temperature: PositiveFloat
    relative: bool
    floor_draws: PositiveInt
    floor_seed: NonNegativeInt


class Optimizer(Section):
    """AdamW, its schedule and gradient clipping."""

    learning_rate: PositiveFloat
    betas: list[Annotated[float, Field(ge=0, lt=1)]] = Field(min_length=2, max_length=2)
    weight_decay: NonNegativeFloat
    clip: PositiveFloat
    schedule: Literal["constant", "cosine"]
    warmup_steps: NonNegativeInt


class Launch(Section):
    """Where and how a run computes; none of it changes what is computed, but for rounding."""

    ranks: PositiveInt
    threads: PositiveInt
    micro_batch: PositiveInt
    zero_stage: int = Field(ge=0, le=2)  # 3 hangs under two ranks on a CPU
    checkpoint_every: PositiveInt


class Run(Section):
    """Representation distribution matching from a warm start against one family of references."""

    init: str
    reference: str
    battery: Literal["all"] | Annotated[list[str], Field(min_length=1)]
    discrepancy: Literal["mmd_nystrom"]
    weighting: Literal["controller", "uniform"]
    labels: Literal["balanced", "uniform"]
    batch: PositiveInt
    steps: PositiveInt
    seed: NonNegativeInt
    controller: ControllerSpec
    optimizer: Optimizer
    launch: Launch

    @model_validator(mode="after")
    def _batch_divides(self) -> Self:
        ranks, micro = self.launch.ranks, self.launch.micro_batch
        if self.batch % (ranks * micro):
            raise ValueError(
                f"batch: found {self.batch}, allowed: a multiple of ranks x micro_batch "
                f"= {ranks} x {micro} = {ranks * micro}"
            )
        return self
