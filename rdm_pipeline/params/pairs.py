"""What runs learn from beside a dataset's own pairs: renders, mixtures, pools of prompts."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from rdm_pipeline.params.base import Section

PromptList = Literal["train", "geneval"]


class KeepBest(Section):
    """The `count` images of each prompt that evaluation.preference's model scores highest."""

    kind: Literal["best"]
    count: PositiveInt


class KeepCorrect(Section):
    """The images that a detector of evaluation.geneval finds right."""

    kind: Literal["correct"]
    detector: str


KeepSpec = Annotated[KeepBest | KeepCorrect, Field(discriminator="kind")]


class Renders(Section):
    """Images that a warm start draws, `samples` of each prompt of a list, of which some are kept.

    prompts: `train`, the captions of the training images, or `geneval`, what GenEval evaluates.
    Shards are of whole prompts.
    """

    generator: str
    prompts: PromptList
    samples: PositiveInt
    seed: NonNegativeInt
    shards: PositiveInt
    keep: KeepSpec


# The sources whose rows a reference is made of: the dataset, or renders.
Mixture = Annotated[list[str], Field(min_length=1)]

# The prompts that a run draws from: how often each list is in it.
Pool = Annotated[dict[PromptList, PositiveInt], Field(min_length=1)]


def renders_fault(
    renders: Renders,
    warm_starts: Mapping[str, object],
    detectors: Mapping[str, object],
    model: bool,
) -> str | None:
    """Return what is wrong with renders, after their key; None if nothing is.

    `detectors` are GenEval's, none where it is not evaluated; `model` whether preference is.
    """
    keep = renders.keep
    if renders.generator not in warm_starts:
        return f"generator: found {renders.generator!r}, allowed: {', '.join(warm_starts)}"
    if renders.prompts == "geneval" and not detectors:
        return "prompts: found 'geneval', allowed with evaluation.geneval"
    if isinstance(keep, KeepBest):
        if not model:
            return "keep.kind: found 'best', allowed with evaluation.preference"
        if keep.count > renders.samples:
            return f"keep.count: found {keep.count}, allowed: samples = {renders.samples} at most"
        return None
    if keep.detector not in detectors:
        return f"keep.detector: found {keep.detector!r}, allowed: {', '.join(detectors) or 'none'}"
    if renders.prompts != "geneval":
        return f"prompts: found {renders.prompts!r}, allowed for a detector: geneval"
    return None
