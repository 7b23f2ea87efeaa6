"""rdm curate: which images of a source are kept, and why."""

from pathlib import Path

from pydantic import PositiveInt

from rdm_pipeline.artifacts import read_array, read_json_lines, write_json_lines
from rdm_pipeline.errors import RdmError
from rdm_pipeline.evaluation.geneval_lines import parse_results
from rdm_pipeline.loading.texts import load_prompts
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.pairs import KeepBest, KeepCorrect, KeepSpec
from rdm_pipeline.reference.curation import Kept, keep_all, keep_best, keep_correct


class Params(Section):
    """What curate reads; without `keep` every image is."""

    source: str
    samples: PositiveInt
    keep: KeepSpec | None = None


def run(params: Params, *, metadata: Path, judgement: Path | None, kept: Path) -> None:
    """Write a line {source, row, prompt, why} for each image that is kept, rows ascending.

    Row p S + s of the images is sample s of prompt p of `metadata`. `judgement` holds the verdicts
    of a detector or the scores of the model of preference, row by row. RdmError where none is kept.
    """
    prompts = load_prompts(metadata)
    asked = [prompt for prompt in prompts for _ in range(params.samples)]
    chosen = _kept(params, asked, judgement)
    if not chosen:
        raise RdmError(f"{metadata}: of {len(asked)} images none is kept; take fewer shards")
    lines = ({"source": params.source, "prompt": asked[each.row], **vars(each)} for each in chosen)
    write_json_lines(kept, lines)


def _kept(params: Params, asked: list[str], judgement: Path | None) -> list[Kept]:
    if params.keep is None or judgement is None:
        return keep_all(len(asked))
    if isinstance(params.keep, KeepBest):
        scores = read_array(judgement, "preference", "scores")
        if len(scores) != len(asked):
            raise RdmError(f"{judgement}: {len(scores)} scores for {len(asked)} images")
        return keep_best(scores.reshape(-1, params.samples), params.keep.count)
    assert isinstance(params.keep, KeepCorrect)
    verdicts = parse_results(read_json_lines(judgement), str(judgement))
    if [verdict.prompt for verdict in verdicts] != asked:
        raise RdmError(f"{judgement}: its lines are not of the images, row by row; make it again")
    return keep_correct([verdict.correct for verdict in verdicts], params.keep.detector)
