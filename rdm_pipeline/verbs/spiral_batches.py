"""rdm spiral_batches: medDist of the spiral study over the batch."""

from pathlib import Path

from rdm_pipeline.artifacts import read_json, write_bytes
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.spiral import SpiralData, SpiralScoring
from rdm_pipeline.reporting.spiral import SpiralScore
from rdm_pipeline.reporting.spiral_figures import spiral_batches
from rdm_pipeline.studies.spiral import real_scores


class Params(Section):
    """What spiral_batches reads."""

    data: SpiralData
    scoring: SpiralScoring


def run(params: Params, *, scores: list[Path], picture: Path) -> None:
    """Write a line per discrepancy and the paper's points as a PNG."""
    cells = [SpiralScore(**read_json(path)) for path in scores]
    write_bytes(picture, spiral_batches(cells, real_scores(params.data, params.scoring)))
