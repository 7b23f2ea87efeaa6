"""How a small FLUX.2 is trained from images, where no published one is at hand."""

from pydantic import PositiveFloat

from rdm_pipeline.params.base import Section
from rdm_pipeline.params.generators import Training


class AutoencoderTraining(Training):
    """The VAE's: mean squared error in [-1,1] + `kl_weight` x mean divergence, in nats."""

    kl_weight: PositiveFloat


class TeacherSpec(Section):
    """First the VAE, then, with it frozen, the transformer by flow matching."""

    autoencoder: AutoencoderTraining
    flow: Training
