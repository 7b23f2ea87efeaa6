"""The report as a folder of pages: what it shows beside the main tables, and stated power."""

from typing import Literal

from pydantic import Field, PositiveFloat

from rdm_pipeline.params.base import Section


class Power(Section):
    """Watts that a job draws per device, with and without an accelerator, and who says so."""

    cpu_watts: PositiveFloat
    accelerator_watts: PositiveFloat
    source: str = Field(min_length=1)


class SiteSpec(Section):
    """What `also` is in the report: results of other targets; without `power` no energy is told."""

    also: list[
        Literal["ablations", "fig1", "fig6", "pickscore", "studies", "table2", "table2_seeds"]
    ]
    power: Power | None = None
