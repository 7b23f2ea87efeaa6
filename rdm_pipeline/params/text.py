"""The frozen text encoders: what a generator reads, and what the joint law couples."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from rdm_pipeline.params.base import Section
from rdm_pipeline.params.encoders import File


class Qwen3Context(Section):
    """FLUX.2 [klein]'s: hidden states of a Qwen3 under its chat template, side by side.

    `files` are those of the folders `text_encoder` and `tokenizer` of the pipeline's repository;
    `layers` counts the embeddings as 0; prompts are padded or cut to `length` tokens.
    """

    kind: Literal["qwen3"]
    files: list[File] = Field(min_length=1)
    layers: list[NonNegativeInt] = Field(min_length=1)
    length: PositiveInt


class MiniLmContext(Section):
    """The demo's: the last hidden states of all-MiniLM-L6-v2, 384-d, from a PyPI package."""

    kind: Literal["minilm"]
    length: PositiveInt


ContextSpec = Annotated[Qwen3Context | MiniLmContext, Field(discriminator="kind")]


class OpenClipText(Section):
    """The paper's (SigLIP 2): the text tower of an open_clip model, L2-normalised.

    `files` are the model's repository: open_clip_config.json, weights and tokenizer.
    """

    kind: Literal["open_clip"]
    files: list[File] = Field(min_length=1)


class MiniLmText(Section):
    """The demo's: all-MiniLM-L6-v2, tokens averaged and L2-normalised, 384-d."""

    kind: Literal["minilm"]


TextSpec = Annotated[OpenClipText | MiniLmText, Field(discriminator="kind")]


class Prompts(Section):
    """How a dataset's captions are encoded: for the generator, and for the joint law."""

    context: ContextSpec
    text: TextSpec
