"""The off-objective protocol (method: section 8) and the tables made from it."""

from typing import Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from rdm_pipeline.params.base import Section
from rdm_pipeline.params.encoders import Network, Pretraining
from rdm_pipeline.params.geneval import GenevalSeeds, GenevalSpec, GenevalTable
from rdm_pipeline.params.preference import PreferenceFigure, PreferenceSpec, PreferenceTable
from rdm_pipeline.params.site import SiteSpec


class Judge(Section):
    """A classifier that no run has seen; its features and a linear probe name the class."""

    paradigm: str
    network: Network
    pretraining: Pretraining


class BankSpec(Section):
    """Real draws, directions and random features that every generator is scored against."""

    samples: PositiveInt
    draws: PositiveInt
    directions: PositiveInt
    seed: NonNegativeInt
    rff_features: PositiveInt
    rff_rows: PositiveInt
    rff_seed: NonNegativeInt
    bandwidth_rows: PositiveInt


class Sampling(Section):
    """The generated set: balanced over classes, from seeds of its own."""

    seed: NonNegativeInt
    shards: PositiveInt


class EvaluationSpec(Section):
    """How a generator is scored; what is not declared is not scored."""

    bank: BankSpec
    sampling: Sampling
    judge: Judge | None = None
    preference: PreferenceSpec | None = None
    geneval: GenevalSpec | None = None


class TableSpec(Section):
    """The generators that a table compares, in the order of its rows.

    `paper_only` are rows of the paper that nothing here makes, by its names.
    """

    rows: list[str] = Field(min_length=1)
    paper_only: list[str]


class Comparison(Section):
    """A table of an experiment: mean and spread over seeds of each variant in `rows`.

    `scored_on` is `panel` (both ratios of the whole panel) or one encoder, whose features are then
    compared by two distances that no run trains on. `paper_order` lists rows as the paper ranks
    them, best first; the table says whether that shows here. It is empty where the paper ranks
    none.
    """

    title: str
    experiment: str
    rows: list[str] = Field(min_length=2)
    baselines: list[str]
    scored_on: str
    paper_order: list[str]


class Alone(Section):
    """The figure of a run that trained on one encoder: an experiment's variant."""

    experiment: str
    variant: str
    beside: list[str]


class CostFigure(Section):
    """Fig. 1: what runs score over the device-hours they took, at each of their snapshots."""

    runs: list[str] = Field(min_length=1)


class GridSpec(Section):
    """A sheet of samples: one row per class."""

    columns: PositiveInt


class Report(Section):
    """What is printed and drawn; `labels` name the rows of tables, `published` the paper's rows."""

    labels: dict[str, str]
    published: dict[str, str]
    table1: TableSpec
    table2: GenevalTable | None = None
    table2_seeds: GenevalSeeds | None = None
    table7: TableSpec
    comparisons: dict[str, Comparison] = Field(default_factory=dict)
    fig1: CostFigure | None = None
    fig5: Alone | None = None
    fig6: PreferenceFigure | None = None
    pickscore: PreferenceTable | None = None
    grid: GridSpec
    site: SiteSpec

    @model_validator(mode="after")
    def _site_is_declared(self) -> Self:
        for name in self.site.also:
            if name not in ("ablations", "studies") and getattr(self, name) is None:
                told = f"allowed: what is declared; report.{name} is not"
                raise ValueError(f"site.also: found {name}, {told}")
        return self
