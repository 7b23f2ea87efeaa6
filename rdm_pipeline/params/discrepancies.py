"""How a run compares distributions: the six discrepancies of Table 4 and their constants."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from rdm_pipeline.params.base import Section


class MmdNystrom(Section):
    """Exact repulsion, attraction through the frozen landmarks (method: section 3)."""

    kind: Literal["mmd_nystrom"]


class MmdExact(Section):
    """The same with as many real features as generated ones, drawn afresh each step."""

    kind: Literal["mmd_exact"]


class MmdRff(Section):
    """MMD in `features` frozen random Fourier features."""

    kind: Literal["mmd_rff"]
    features: PositiveInt
    seed: NonNegativeInt


class Frechet(Section):
    """Distance of means and covariances."""

    kind: Literal["frechet"]


class SlicedWasserstein(Section):
    """Squared sorted differences along `directions` fresh directions, to real features drawn."""

    kind: Literal["sliced_wasserstein"]
    directions: PositiveInt


class Drifting(Section):
    """The coupled force field of Deng et al. 2026, at these temperatures."""

    kind: Literal["drifting"]
    temperatures: list[PositiveFloat] = Field(min_length=1)


DiscrepancySpec = Annotated[
    MmdNystrom | MmdExact | MmdRff | Frechet | SlicedWasserstein | Drifting,
    Field(discriminator="kind"),
]

# The others need the real features themselves, beside the frozen reference.
FROZEN = "mmd_nystrom"
