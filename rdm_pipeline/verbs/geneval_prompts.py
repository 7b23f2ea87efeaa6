"""rdm geneval_prompts: what is evaluated, in the layout of GenEval's authors."""

from pathlib import Path

from rdm_pipeline.artifacts import write_json_lines
from rdm_pipeline.datasets.scene_prompts import all_prompts
from rdm_pipeline.loading.geneval import load_prompts_asked
from rdm_pipeline.params.base import Section


class Params(Section):
    """What geneval_prompts reads: the file of GenEval's authors, if it is theirs."""

    prompts: str | None = None


def run(params: Params, *, metadata: Path) -> None:
    """Write the lines of an official file or, without one, all prompts over scenes."""
    told = load_prompts_asked(Path(params.prompts)) if params.prompts else all_prompts()
    write_json_lines(metadata, told)
