"""GenEval's files: prompts with what they ask for, and the official scorer's results."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
)

from rdm_pipeline.errors import RdmError
from rdm_pipeline.evaluation.geneval import Verdict
from rdm_pipeline.params.explain import explain

Task = Literal["single_object", "two_object", "counting", "colors", "position", "color_attr"]
Relation = Literal["left of", "right of", "above", "below"]
Kind = TypeVar("Kind", bound=BaseModel)


class Line(BaseModel):
    """A line of JSON that may have more keys than are read."""

    model_config = ConfigDict(strict=True, extra="ignore")


class Clause(Line):
    """Objects of a class: how many, of which colour, how placed relative to an earlier clause."""

    name: str = Field(alias="class")
    count: PositiveInt
    color: str | None = None
    position: tuple[Relation, NonNegativeInt] | None = None


class Prompt(Line):
    """A line of evaluation_metadata.jsonl: what must be seen, and what may not be."""

    tag: Task
    prompt: str
    include: list[Clause] = Field(min_length=1)
    exclude: list[Clause] = []


class Result(Line):
    """A line of the official scorer's results."""

    tag: Task
    prompt: str
    correct: bool


def parse_prompts(lines: Sequence[Any], origin: str) -> list[dict[str, Any]]:
    """Return the lines of an evaluation_metadata.jsonl as they are, checked.

    Raises RdmError with `origin` and the number of a line that is none, repeats a prompt, or asks
    for a position relative to a clause that is not before it.
    """
    seen = set()
    for number, line in enumerate(lines, start=1):
        told = _checked(Prompt, line, f"{origin}:{number}")
        if told.prompt in seen:
            raise RdmError(f"{origin}:{number}: found {told.prompt!r} twice, allowed: once")
        seen.add(told.prompt)
        for index, clause in enumerate(told.include):
            target = clause.position[1] if clause.position else -1
            if target >= index:
                raise RdmError(f"{origin}:{number}: position of {index} is relative to {target}")
    return list(lines)


def parse_results(lines: Sequence[Any], origin: str) -> list[Verdict]:
    """Return the verdicts of the official scorer's results, one line an image.

    Raises RdmError with `origin` and the number of a line that lacks a key or has another task.
    """
    results = (_checked(Result, line, f"{origin}:{n}") for n, line in enumerate(lines, start=1))
    return [Verdict(told.prompt, told.tag, told.correct) for told in results]


def check_complete(
    verdicts: Sequence[Verdict], prompts: Sequence[Any], samples: int, origin: str
) -> None:
    """Raise RdmError unless every prompt has `samples` verdicts of its task, and no other has."""
    found = Counter((verdict.prompt, verdict.task) for verdict in verdicts)
    due = Counter({(told["prompt"], told["tag"]): samples for told in prompts})
    for prompt, task in [*due, *found]:
        count, expected = found[prompt, task], due[prompt, task]
        if count != expected:
            what = f"{count} images of {prompt!r} ({task})"
            raise RdmError(f"{origin}: found {what}, expected {expected}")


def _checked(kind: type[Kind], line: Any, origin: str) -> Kind:
    try:
        return kind.model_validate_json(json.dumps(line))
    except ValidationError as error:
        raise RdmError(f"{origin}: {explain(error, line)}") from None
