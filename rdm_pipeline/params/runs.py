"""A run: one generator trained in one way, the unit that every table compares."""

from typing import Annotated, Literal, Self

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    StringConstraints,
    model_validator,
)

from rdm_pipeline.params.base import Section
from rdm_pipeline.params.discrepancies import DiscrepancySpec
from rdm_pipeline.params.generators import VaeSpec
from rdm_pipeline.params.teacher import TeacherSpec

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$", strict=True)]

SNAPSHOT = "{step}.safetensors"  # in the folder of a run's snapshots


class VaeStart(Section):
    """A generator trained before matching starts: the decoder of a class-conditional VAE."""

    kind: Literal["vae_decoder"]
    generator: str
    seed: NonNegativeInt
    threads: PositiveInt
    vae: VaeSpec


class Checkpoint(Section):
    """A file of weights of the user's; without `sha256` it is not taken, the error tells which."""

    path: str = Field(min_length=1)
    sha256: Sha256 | None = None


class CheckpointStart(Checkpoint):
    """A generator that was trained elsewhere; `vae` is the file of a flux2's frozen VAE."""

    kind: Literal["checkpoint"]
    generator: str
    vae: Checkpoint | None = None


class TeacherStart(Section):
    """A small flux2, trained from the images and their prompts by flow matching."""

    kind: Literal["flow_teacher"]
    generator: str
    seed: NonNegativeInt
    threads: PositiveInt
    teacher: TeacherSpec


class ResampledStart(Section):
    """The weights of another warm start, `of`, in a generator that is sampled in another way."""

    kind: Literal["resampled"]
    of: str
    generator: str


WarmStart = Annotated[
    VaeStart | CheckpointStart | TeacherStart | ResampledStart, Field(discriminator="kind")
]


class GivenSamples(Section):
    """Images that somebody else's generator made: a folder with a folder of pictures per class."""

    path: str = Field(min_length=1)


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


class DwaSpec(Section):
    """Constant of dynamic weight averaging: at a higher temperature weights differ less."""

    temperature: PositiveFloat


class Stage(Section):
    """A stretch of a run's steps at one batch size."""

    steps: PositiveInt
    batch: PositiveInt


Batch = PositiveInt | Annotated[list[Stage], Field(min_length=1)]


def batch_sizes(batch: Batch) -> list[int]:
    """Return the batch sizes that occur, ascending."""
    return [batch] if isinstance(batch, int) else sorted({stage.batch for stage in batch})


class Optimizer(Section):
    """AdamW, its schedule and gradient clipping.

    The gradient that clipping and AdamW see is gradient_rows / N times the loss's: published
    learning rates assume that, with the micro-batch of their release (method: section 5).
    """

    learning_rate: PositiveFloat
    betas: list[Annotated[float, Field(ge=0, lt=1)]] = Field(min_length=2, max_length=2)
    weight_decay: NonNegativeFloat
    clip: PositiveFloat
    gradient_rows: PositiveInt
    schedule: Literal["constant", "cosine"]
    warmup_steps: NonNegativeInt


class Launch(Section):
    """Where and how a run computes: its results are the same but for rounding.

    Ranks are spread evenly over `nodes`; more than one needs a Slurm job. `offload` keeps the
    optimizer's state in the CPU's memory. A step whose scores or gradients are not finite is
    skipped, up to `skipped_steps` of them in a run; stage 0 does not look at the generator's.
    """

    ranks: PositiveInt
    nodes: PositiveInt
    threads: PositiveInt
    micro_batch: PositiveInt
    zero_stage: int = Field(ge=0, le=3)
    offload: Literal["none", "cpu"]
    precision: Literal["float32", "bfloat16"]  # of the generator; kernels are float32 always
    checkpoint_every: PositiveInt
    skipped_steps: NonNegativeInt

    @property
    def ranks_per_node(self) -> int:
        """The ranks of a node."""
        return self.ranks // self.nodes

    @model_validator(mode="after")
    def _ranks_divide(self) -> Self:
        if self.ranks % self.nodes:
            raise ValueError(
                f"nodes: found {self.nodes}, allowed: a divisor of ranks = {self.ranks}"
            )
        return self


class Run(Section):
    """Representation distribution matching from a warm start against one family of references.

    `snapshots` are steps after which the generator is kept, as it then is, beside the final one.
    `pool`: the prompts that it draws from; without it the captions of the training images.
    """

    init: str
    reference: str
    pool: str | None = None
    battery: Literal["all"] | Annotated[list[str], Field(min_length=1)]
    discrepancy: DiscrepancySpec
    weighting: Literal["controller", "dwa", "uniform", "none"]
    labels: Literal["balanced", "uniform"]
    batch: Batch
    steps: PositiveInt
    snapshots: list[PositiveInt] = Field(default_factory=list)
    seed: NonNegativeInt
    controller: ControllerSpec
    dwa: DwaSpec
    optimizer: Optimizer
    launch: Launch

    @property
    def stages(self) -> list[Stage]:
        """The run's steps in order of its batch sizes: one stage where the batch is fixed."""
        if isinstance(self.batch, int):
            return [Stage(steps=self.steps, batch=self.batch)]
        return self.batch

    @property
    def batches(self) -> list[int]:
        """The batch sizes that occur, ascending."""
        return batch_sizes(self.batch)

    def batch_at(self, step: int) -> tuple[int, int]:
        """The batch of a step and the number of samples before it."""
        before = 0
        for stage in self.stages:
            if step < stage.steps:
                return stage.batch, before + step * stage.batch
            step, before = step - stage.steps, before + stage.steps * stage.batch
        raise IndexError(f"step {step} after the run's end")

    @model_validator(mode="after")
    def _stages_are_the_steps(self) -> Self:
        total = sum(stage.steps for stage in self.stages)
        if total != self.steps:
            raise ValueError(f"batch: stages of {total} steps, allowed: steps = {self.steps}")
        return self

    @model_validator(mode="after")
    def _snapshots_ascend(self) -> Self:
        if self.snapshots != sorted({step for step in self.snapshots if step < self.steps}):
            allowed = f"ascending, each below steps = {self.steps}"
            raise ValueError(f"snapshots: found {self.snapshots}, allowed: {allowed}")
        return self

    @model_validator(mode="after")
    def _what_only_zero_can(self) -> Self:
        if self.launch.zero_stage == 0:
            for key, plain in (("offload", "none"), ("precision", "float32")):
                found = getattr(self.launch, key)
                if found != plain:
                    allowed = f"{plain}, or launch.zero_stage from 1 on"
                    raise ValueError(f"launch.{key}: found {found!r}, allowed: {allowed}")
        return self

    @model_validator(mode="after")
    def _batch_divides(self) -> Self:
        ranks, micro = self.launch.ranks, self.launch.micro_batch
        for batch in self.batches:
            if batch % (ranks * micro):
                raise ValueError(
                    f"batch: found {batch}, allowed: a multiple of ranks x micro_batch "
                    f"= {ranks} x {micro} = {ranks * micro}"
                )
        return self
