"""How images are judged by a model of human preference (method: section 8, PickScore)."""

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, NonNegativeInt, PositiveInt, Tag, model_validator

from rdm_pipeline.params.base import Section
from rdm_pipeline.params.encoders import HubFile, Weights
from rdm_pipeline.params.names import Name


def _kind_of_vocabulary(told: Any) -> str:
    return "files" if isinstance(told, list) else "bytes"


VocabularyFiles = Annotated[list[HubFile], Field(min_length=2, max_length=2)]


class PreferenceModel(Section):
    """A CLIP model that scores an image against a prompt.

    weights: released safetensors, or `random` for ones drawn from `seed`. vocabulary: the two
    released files of the byte-pair encoding, tokens with their numbers (JSON), then merges (text),
    or `bytes` for one token per byte. text, vision: arguments of transformers'
    CLIPTextConfig and CLIPVisionConfig that differ from their defaults.
    """

    weights: Weights
    vocabulary: Annotated[
        Annotated[Literal["bytes"], Tag("bytes")] | Annotated[VocabularyFiles, Tag("files")],
        Discriminator(_kind_of_vocabulary),
    ]
    projection: PositiveInt
    text: dict[str, Any]
    vision: dict[str, Any]
    seed: NonNegativeInt
    precision: Literal["float32", "bfloat16"]


class ClassImages(Section):
    """The first `samples` images of a balanced set, each with the prompt of its class."""

    samples: PositiveInt
    prompt: str

    @model_validator(mode="after")
    def _prompt_names_the_class(self) -> Self:
        if self.prompt.count("{}") != 1:
            raise ValueError(f"prompt: found {self.prompt!r}, allowed: one {{}} for the class name")
        return self


class ScoredList(Section):
    """The first `count` prompts of a list, of each of which `samples` images are drawn.

    label: the list's name in tables; one that the paper uses brings the paper's numbers. prompts: a
    file of JSON lines with a `prompt` each; without it, the captions of the validation images.
    context_length: of tokens that generators read here, where prompts are longer than those of
    `prompts.context.length`, with which they were trained. seed: sample k of prompt p has noise
    from seed + 100 p + k.
    """

    label: str = Field(min_length=1)
    prompts: str | None = None
    count: PositiveInt
    samples: Annotated[PositiveInt, Field(le=100)]
    seed: NonNegativeInt
    context_length: PositiveInt | None = None


class PreferenceSpec(Section):
    """A model of human preference, and what it scores: images of classes, images of prompts."""

    model: PreferenceModel
    classes: ClassImages | None = None
    lists: dict[Name, ScoredList] = Field(default_factory=dict)


class PreferenceTable(Section):
    """PickScore on every list: the generators compared, and the one that others are paired with.

    `paper_only` are rows of the paper that nothing here makes, by its names.
    """

    rows: list[str] = Field(min_length=1)
    against: str
    paper_only: list[str]


class PreferenceFigure(Section):
    """Fig. 6: how often images of `run` are preferred to those of each row of `against`.

    `paper_only` are rows of the paper without images here, by its names.
    """

    run: str
    against: list[str] = Field(min_length=1)
    paper_only: list[str]
