"""What `rdm plan` assumes of machines and networks: it measures nothing."""

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from rdm_pipeline.params.base import Section
from rdm_pipeline.params.dataset import Counts


class NetworkCost(Section):
    """One image's forward pass in GFLOP, and the network's numbers in millions."""

    gflop: NonNegativeFloat
    mparams: NonNegativeFloat


class Passes(Section):
    """Forward passes that an image's share of a step costs, each kind of network.

    Of a run (gradient caching): a generator is passed twice and once backward, which counts as two;
    a frozen encoder twice and once backward in its input alone. A network in training: once, and
    once backward.
    """

    generator: PositiveFloat
    encoder: PositiveFloat
    training: PositiveFloat


class PlanSpec(Section):
    """Assumptions; `minutes` are of a job without a network, by verb, else `default`.

    images: those of the dataset, before its limits.
    """

    images: Counts
    prompts: NonNegativeInt = Field(default=0, description="that GenEval evaluates")
    code_dim: PositiveInt = Field(description="of a condition's code: classes, or a text's width")
    device: Literal["gpu", "cpu"]
    gflops: PositiveFloat = Field(description="that a device sustains, in GFLOP per second")
    start_seconds: NonNegativeFloat
    images_per_second: PositiveFloat = Field(description="that a job reads, decodes and resizes")
    passes: Passes
    networks: dict[str, NetworkCost]
    minutes: dict[str, NonNegativeFloat]
