"""rdm preference_model: the frozen weights and vocabulary of the model of human preference."""

from pathlib import Path

from rdm_pipeline.artifacts import write_tensors
from rdm_pipeline.evaluation.pickscore import initial_model
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.preference import PreferenceModel


class Params(Section):
    """What preference_model reads."""

    model: PreferenceModel


def run(params: Params, *, weights: Path) -> None:
    """Write weights and vocabulary; nothing after that reaches for the hub."""
    tensors, vocabulary = initial_model(params.model)
    about = {"model": params.model.model_dump(), "vocabulary": vocabulary}
    write_tensors(weights, tensors, about)
