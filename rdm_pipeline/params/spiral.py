"""The spiral study: six discrepancies train the same small generator (method: section 10)."""

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

Discrepancy = Literal[
    "frechet", "sliced_wasserstein", "drifting", "mmd_rff", "mmd_exact", "mmd_nystrom"
]
Seeds = Annotated[list[NonNegativeInt], Field(min_length=1)]
Batches = Annotated[list[Annotated[int, Field(ge=2)]], Field(min_length=1)]


class SpiralData(Section):
    """Real points: a noisy spiral in the plane, placed in `dim` dimensions by a random frame."""

    turns: PositiveFloat
    radii: list[NonNegativeFloat] = Field(min_length=2, max_length=2)
    noise: PositiveFloat
    points: PositiveInt
    dim: int = Field(ge=2)
    seed: NonNegativeInt


class SpiralTraining(Section):
    """The generator, a ReLU network from R^2, and its optimizer: Adam, cosine decay, clipping."""

    widths: list[PositiveInt]
    steps: PositiveInt
    learning_rate: PositiveFloat
    final_learning_rate: PositiveFloat
    clip: PositiveFloat


class SpiralEstimators(Section):
    """Constants of the discrepancies; bandwidths are in medians of the pairwise distance."""

    bandwidths: list[PositiveFloat] = Field(min_length=1)
    rff_features: PositiveInt
    landmarks: PositiveInt
    jitter: PositiveFloat
    directions: PositiveInt
    temperatures: list[PositiveFloat] = Field(min_length=1)
    drifting_points: PositiveInt


class SpiralScoring(Section):
    """Recall: share of anchors on the clean curve with a sample within `radius`.

    medDist: median distance of samples to the curve, which is `curve_points` points.
    """

    samples: PositiveInt
    anchors: PositiveInt
    radius: PositiveFloat
    curve_points: PositiveInt
    seed: NonNegativeInt


class SpiralTolerance(Section):
    """How far a cell may be from the published one and still be said to agree."""

    recall: PositiveFloat
    med_dist: PositiveFloat


class Spiral(Section):
    """The grid of Fig. 3, the batch axis of Fig. 4 and the ranking of Table 4 in low dimension.

    `seeds` has a `default` and may have an entry for a discrepancy, or for one at one batch size,
    named DISCREPANCY_BATCH.
    """

    data: SpiralData
    training: SpiralTraining
    estimators: SpiralEstimators
    scoring: SpiralScoring
    discrepancies: list[Discrepancy] = Field(min_length=1)
    batches: Batches
    more_batches: dict[Discrepancy, Batches]
    seeds: dict[str, Seeds]
    tolerance: SpiralTolerance

    def seeds_of(self, discrepancy: str, batch: int) -> list[int]:
        """Return the seeds of a cell."""
        for name in (f"{discrepancy}_{batch}", discrepancy):
            if name in self.seeds:
                return self.seeds[name]
        return self.seeds["default"]

    def batches_of(self, discrepancy: Discrepancy) -> list[int]:
        """Return the batch sizes of the batch axis, those of the grid included, in order."""
        return sorted({*self.batches, *self.more_batches.get(discrepancy, [])})

    @model_validator(mode="after")
    def _seeds_are_of_cells(self) -> Self:
        cells = [f"{d}_{b}" for d in self.discrepancies for b in self.batches_of(d)]
        general = ["default", *self.discrepancies]
        for name in self.seeds:
            if name not in [*general, *cells]:
                allowed = f"{', '.join(general)}, or DISCREPANCY_BATCH of a cell"
                raise ValueError(f"seeds.{name}: found {name!r}, allowed: {allowed}")
        if "default" not in self.seeds:
            raise ValueError("seeds.default: missing")
        return self

    @model_validator(mode="after")
    def _points_suffice(self) -> Self:
        drawn = {
            "estimators.landmarks": self.estimators.landmarks,
            "estimators.drifting_points": self.estimators.drifting_points,
            "batches": max(self.batches),
            **{f"more_batches.{d}": max(sizes) for d, sizes in self.more_batches.items()},
        }
        for key, count in drawn.items():
            if count > self.data.points:
                points = self.data.points
                raise ValueError(f"{key}: found {count}, allowed: at most data.points = {points}")
        return self
