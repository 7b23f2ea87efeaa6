"""Which encoders of a panel train, which are held out, and in what order they are printed."""

from collections.abc import Mapping

from rdm_pipeline.params.encoders import EncoderSpec

Panel = Mapping[str, EncoderSpec]


def training_encoders(panel: Panel) -> list[str]:
    """Names of the encoders whose features the training objective sees, in panel order."""
    return [name for name, spec in panel.items() if spec.role == "train"]


def held_out_encoders(panel: Panel) -> list[str]:
    """Names of the encoders that only evaluation sees, in panel order."""
    return [name for name, spec in panel.items() if spec.role == "held_out"]


def panel_order(panel: Panel) -> list[str]:
    """All names as tables print them: training encoders first, then the held-out ones."""
    return training_encoders(panel) + held_out_encoders(panel)
