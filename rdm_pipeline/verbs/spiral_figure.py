"""rdm spiral_figure: the samples of the spiral study over the clean curve."""

from pathlib import Path

from rdm_pipeline.artifacts import read_array, read_json, write_bytes
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.spiral import SpiralData, SpiralScoring
from rdm_pipeline.reporting.spiral import SpiralScore
from rdm_pipeline.reporting.spiral_figures import spiral_grid
from rdm_pipeline.studies.spiral import spiral_curve


class Params(Section):
    """What spiral_figure reads."""

    data: SpiralData
    scoring: SpiralScoring


def run(params: Params, *, scores: list[Path], samples: list[Path], picture: Path) -> None:
    """Write the grid of panels as a PNG."""
    cells = [SpiralScore(**read_json(path)) for path in scores]
    drawn = [
        read_array(path, "points", "points", expect=_named(cell))
        for path, cell in zip(samples, cells, strict=True)
    ]
    curve = spiral_curve(params.data, params.scoring.curve_points).numpy()
    write_bytes(picture, spiral_grid(cells, drawn, curve))


def _named(cell: SpiralScore) -> dict[str, str | int]:
    return {"discrepancy": cell.discrepancy, "batch": cell.batch, "seed": cell.seed}
