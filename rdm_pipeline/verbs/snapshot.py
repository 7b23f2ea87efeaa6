"""rdm snapshot: a run's generator as it was after a step, as a generator of its own."""

from pathlib import Path

from pydantic import PositiveInt

from rdm_pipeline.artifacts import read_tensors, write_tensors
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.runs import SNAPSHOT


class Params(Section):
    """What snapshot reads."""

    step: PositiveInt


def run(params: Params, *, snapshots: Path, generator: Path) -> None:
    """Write the generator that a run kept after `step`."""
    tensors, about = read_tensors(snapshots / SNAPSHOT.format(step=params.step))
    write_tensors(generator, tensors, about)
