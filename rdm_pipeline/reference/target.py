"""What a run matches one encoder's features to."""

from dataclasses import dataclass

from rdm_pipeline.discrepancies.nystrom import NystromReference


@dataclass(frozen=True)
class Target:
    """An encoder's frozen reference and the weight of its label, in feature units."""

    reference: NystromReference
    label_beta: float
