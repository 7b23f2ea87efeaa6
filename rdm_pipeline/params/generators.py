"""The one-step generator and its warm start, as params.yaml describes them."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)
from pydantic_core import PydanticCustomError

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


class PmfSize(Section):
    """A pMF network's size; `bottleneck` is the width between pixels and tokens.

    The blocks are called as in the checkpoints: the last ones are `u_heads`, those before them
    `shared_blocks`.
    """

    shared_blocks: NonNegativeInt
    u_heads: PositiveInt
    width: PositiveInt
    attention_heads: PositiveInt
    bottleneck: PositiveInt

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        if self.width % (4 * self.attention_heads):
            raise ValueError(
                f"width: found {self.width}, allowed: a multiple of 4 x attention_heads "
                f"= {4 * self.attention_heads}, since rotary position needs pairs on two axes"
            )
        return self


def _published(depth: int, width: int, heads: int, bottleneck: int) -> PmfSize:
    """Return a size as the publication counts it: the last 8 of its blocks are heads.

    T has 8 heads although its depth is 4.
    """
    return PmfSize(
        shared_blocks=max(depth - 8, 0),
        u_heads=8,
        width=width,
        attention_heads=heads,
        bottleneck=bottleneck,
    )


SIZES = {
    "T": _published(4, 512, 8, 128),
    "B": _published(16, 768, 12, 128),
    "M": _published(24, 768, 12, 128),
    "L": _published(32, 1024, 16, 128),
    "H": _published(48, 1280, 16, 256),
    "XL": _published(48, 1024, 16, 256),
}


def _numbers(size: Any) -> Any:
    """Return the published size of this name; anything else is left to the schema."""
    if not isinstance(size, str):
        return size
    if size not in SIZES:
        allowed = f"{', '.join(SIZES)} or a mapping of {', '.join(PmfSize.model_fields)}"
        raise PydanticCustomError("pmf_size", "{allowed}", {"allowed": allowed})
    return SIZES[size]


class PmfSpec(Section):
    """Pixel MeanFlow: its size, and how it is sampled (method: section 9).

    `size` is a published one by name or numbers of your own. `cfg` and `interval` are inputs of the
    network; `noise_scale` is the standard deviation of the noise; `steps` are of the sampler.
    `gradient_checkpointing` computes each block again in the backward pass instead of keeping it.
    """

    kind: Literal["pmf"]
    size: Annotated[PmfSize, BeforeValidator(_numbers)]
    patch: PositiveInt
    cfg: float = Field(ge=1)
    interval: list[Annotated[float, Field(ge=0, le=1)]] = Field(min_length=2, max_length=2)
    noise_scale: PositiveFloat
    steps: PositiveInt
    gradient_checkpointing: bool

    @model_validator(mode="after")
    def _interval_ascends(self) -> Self:
        start, end = self.interval
        if start > end:
            raise ValueError(f"interval: found {self.interval}, allowed: ascending")
        return self


class Flux2Transformer(Section):
    """The transformer's size, by the names of diffusers' Flux2Transformer2DModel."""

    num_layers: PositiveInt
    num_single_layers: PositiveInt
    num_attention_heads: PositiveInt
    attention_head_dim: int = Field(gt=0, multiple_of=8)  # four rotary axes of even width


class Flux2VaeSize(Section):
    """The VAE's size, by the names of diffusers' AutoencoderKLFlux2; each level but one halves."""

    block_out_channels: list[PositiveInt] = Field(min_length=1)
    layers_per_block: PositiveInt
    latent_channels: PositiveInt
    norm_num_groups: PositiveInt

    @model_validator(mode="after")
    def _groups_divide(self) -> Self:
        for width in self.block_out_channels:
            if width % self.norm_num_groups:
                raise ValueError(
                    f"block_out_channels: found {width}, allowed: multiples of norm_num_groups "
                    f"= {self.norm_num_groups}"
                )
        return self


class Flux2Spec(Section):
    """FLUX.2 [klein], or a smaller model of the same classes, and how it is sampled.

    `context_length` and `context_dim` are those of the text contexts, in training and evaluation
    alike; `steps` are of the sampler. `gradient_checkpointing` computes each block of the
    transformer again in the backward pass instead of keeping it.
    """

    kind: Literal["flux2"]
    transformer: Flux2Transformer
    vae: Flux2VaeSize
    context_length: PositiveInt
    context_dim: PositiveInt
    steps: PositiveInt
    gradient_checkpointing: bool


# Keys of a generator that leave its weights as they are: they say how it is sampled or computed.
SAMPLING = {"cfg", "interval", "noise_scale", "steps", "gradient_checkpointing"}


GeneratorSpec = Annotated[DecoderSpec | PmfSpec | Flux2Spec, Field(discriminator="kind")]


class Training(Section):
    """Steps of AdamW at a batch, linear warm-up and then half a cosine to zero."""

    steps: PositiveInt
    warmup_steps: NonNegativeInt
    batch: PositiveInt
    learning_rate: PositiveFloat


class VaeSpec(Training):
    """The warm start: a class-conditional VAE whose decoder is the generator.

    `kl_weight` multiplies the divergence from the prior (nats per image); the reconstruction error
    is the squared error summed over an image's values in [0,1]. `encoder_widths` are the channels
    of the encoder at half and a quarter of the image size.
    """

    kl_weight: PositiveFloat
    encoder_widths: list[PositiveInt] = Field(min_length=2, max_length=2)


def network_of(generator: GeneratorSpec) -> dict[str, Any]:
    """Return what decides a generator's weights: not how it is sampled."""
    return generator.model_dump(exclude=SAMPLING)
