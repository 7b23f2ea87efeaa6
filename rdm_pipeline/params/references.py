"""How the frozen reference of every encoder is built (method: sections 2 and 3)."""

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from rdm_pipeline.params.base import Section


class ReferenceSpec(Section):
    """Bandwidth, landmarks, solve and coupling of one family of references."""

    bandwidth_scale: PositiveFloat
    bandwidth_rows: PositiveInt
    landmarks: PositiveInt
    kmeans_iterations: PositiveInt
    kmeans_rows: PositiveInt
    jitter: PositiveFloat
    k_rr_rows: PositiveInt
    beta: NonNegativeFloat = Field(
        description="weight of the condition's code in bandwidths; 0 leaves the image law marginal"
    )
    code_scale: Literal["unit", "median"] = Field(
        default="unit",
        description="what beta divides codes by: 1, or the median distance of the table of codes",
    )
    mixture: str | None = Field(
        default=None, description="of which images; those of the dataset where there is none"
    )
    seed: NonNegativeInt
