"""The off-objective protocol (method: section 8) and the tables made from it."""

from pydantic import Field, NonNegativeInt, PositiveInt

from rdm_pipeline.params.base import Section
from rdm_pipeline.params.encoders import Network, Pretraining


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
    """How a generator is scored."""

    bank: BankSpec
    sampling: Sampling
    judge: Judge


class TableSpec(Section):
    """The generators that a table compares, in the order of its rows."""

    rows: list[str] = Field(min_length=1)


class GridSpec(Section):
    """A sheet of samples: one row per class."""

    columns: PositiveInt


class Report(Section):
    """What is printed and drawn; `labels` name the rows of tables, `published` the paper's rows."""

    labels: dict[str, str]
    published: dict[str, str]
    table1: TableSpec
    table7: TableSpec
    grid: GridSpec
