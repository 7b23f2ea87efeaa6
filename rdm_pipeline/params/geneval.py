"""How prompts are scored by what a detector sees in the images (method: section 8, GenEval)."""

from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from rdm_pipeline.params.base import Section
from rdm_pipeline.params.names import Name

PLACES = ("{images}", "{results}")


class ScenesDetector(Section):
    """The exact detector of a dataset of scenes; `label` is its name in tables."""

    kind: Literal["scenes"]
    label: str = Field(min_length=1)


class PinnedFile(Section):
    """A file of the user's; null: not pinned yet, so not usable yet."""

    path: str = Field(min_length=1)
    sha256: str | None = Field(pattern=r"^[0-9a-f]{64}$")


class ScorerCommand(Section):
    """A scorer with an environment of its own, such as the official one.

    `label` is its name in tables. In `command`, {images} stands for a folder in the official
    layout and {results} for the file of JSON lines that it writes.
    files: what decides its verdicts, such as its script and weights.
    """

    kind: Literal["scorer"]
    label: str = Field(min_length=1)
    command: list[str]
    files: list[PinnedFile]

    @model_validator(mode="after")
    def _command_names_its_files(self) -> Self:
        for place in PLACES:
            if not any(place in word for word in self.command):
                raise ValueError(f"command: found no {place}, needed")
        return self


DetectorSpec = Annotated[ScenesDetector | ScorerCommand, Field(discriminator="kind")]


class GenevalSpec(Section):
    """`samples` images of each prompt, scored by every detector.

    prompts: an evaluation_metadata.jsonl of GenEval's authors; without it, those over scenes.
    seed: sample k of prompt p has noise from seed + 100 p + k.
    """

    prompts: str | None = None
    samples: Annotated[PositiveInt, Field(le=100)]
    seed: NonNegativeInt
    detectors: dict[Name, DetectorSpec] = Field(min_length=1)

    def require_prompts(self, dataset: str) -> None:
        """Raise ValueError if a dataset of this kind has no prompts, or a detector not these."""
        if self.prompts is None and dataset != "scenes":
            what = f"a dataset of kind {dataset} has none of its own"
            raise ValueError(f"evaluation.geneval.prompts: missing, {what}")
        for name, detector in self.detectors.items():
            if self.prompts is not None and detector.kind == "scenes":
                key = f"evaluation.geneval.detectors.{name}.kind"
                raise ValueError(f"{key}: found scenes, allowed: for prompts over scenes")


class GenevalSeeds(Section):
    """Table 2 over seeds: by label, generators that differ in seeds alone, as a detector saw them.

    order: labels as the paper ranks them, best first. Their rows are compared place by place, so
    generator i of each is of the same seed, or from the same teacher.
    """

    detector: Name
    rows: dict[str, Annotated[list[str], Field(min_length=1)]] = Field(min_length=1)
    order: list[str]

    @model_validator(mode="after")
    def _order_is_of_rows(self) -> Self:
        unknown = [label for label in self.order if label not in self.rows]
        if unknown:
            raise ValueError(f"order: found {unknown[0]!r}, allowed: {', '.join(self.rows)}")
        counts = {label: len(self.rows[label]) for label in self.order}
        if len(set(counts.values())) > 1:
            raise ValueError(f"order: found {counts} generators, allowed: as many in each row")
        return self


class GenevalTable(Section):
    """Table 2: the generators it compares; `paper_only` are rows of the paper, by its names."""

    rows: list[str] = Field(min_length=1)
    paper_only: list[str]
