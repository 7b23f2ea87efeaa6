"""The one-step generator and its warm start, as params.yaml describes them."""

from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from rdm_pipeline.params.base import Section


class DecoderSpec(Section):
    """The demo's class-conditional decoder: sizes of its layers.

    `widths` are the channels of the feature map at a quarter, half and the whole of the image size.
    """

    kind: Literal["decoder"]
    latent: PositiveInt
    class_embedding: PositiveInt
    hidden: PositiveInt
    widths: list[PositiveInt] = Field(min_length=3, max_length=3)


GeneratorSpec = DecoderSpec


class VaeSpec(Section):
    """The warm start: a class-conditional VAE whose decoder is the generator.

    `kl_weight` multiplies the divergence from the prior (nats per image); the reconstruction error
    is the squared error summed over an image's values in [0,1]. `encoder_widths` are the channels
    of the encoder at half and a quarter of the image size.
    """

    steps: PositiveInt
    warmup_steps: NonNegativeInt
    batch: PositiveInt
    learning_rate: PositiveFloat
    kl_weight: PositiveFloat
    encoder_widths: list[PositiveInt] = Field(min_length=2, max_length=2)
