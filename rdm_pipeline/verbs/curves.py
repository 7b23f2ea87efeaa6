"""rdm curves: what a run's encoders scored and weighed, step by step."""

from pathlib import Path

from rdm_pipeline.artifacts import read_json, write_bytes
from rdm_pipeline.params.base import Section
from rdm_pipeline.reporting.figures import training_curves


class Params(Section):
    """Curves reads no parameter."""


def run(params: Params, *, history: Path, floors: Path, picture: Path) -> None:
    """Write scores over floors and weights over steps as a PNG."""
    floor_of = {
        int(batch): {name: floor["mean"] for name, floor in by_encoder.items()}
        for batch, by_encoder in read_json(floors).items()
    }
    write_bytes(picture, training_curves(read_json(history), floor_of))
