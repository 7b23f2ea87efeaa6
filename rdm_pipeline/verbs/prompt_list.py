"""rdm prompt_list: the prompts of a list whose images a model of human preference scores."""

from pathlib import Path

from pydantic import PositiveInt

from rdm_pipeline.artifacts import write_json_lines
from rdm_pipeline.errors import RdmError
from rdm_pipeline.loading.texts import load_prompts
from rdm_pipeline.params.base import Section


class Params(Section):
    """What prompt_list reads: how many prompts, and their file if it is the user's.

    name: the list's, in errors.
    """

    prompts: str | None = None
    count: PositiveInt
    name: str


def run(params: Params, *, captions: Path | None, prompts: Path) -> None:
    """Write the first `count` prompts of the user's file, else of `captions`, a line each.

    Raises RdmError for a list that has fewer: a mean over them would be of another list.
    """
    source = Path(params.prompts) if params.prompts is not None else captions
    if source is None:
        raise RdmError("prompt_list: found neither prompts nor captions, allowed: one of them")
    found = load_prompts(source)
    if len(found) < params.count:
        key = f"evaluation.preference.lists.{params.name}.count"
        raise RdmError(f"{source}: found {len(found)} prompts, {key} is {params.count}")
    write_json_lines(prompts, [{"prompt": prompt} for prompt in found[: params.count]])
