"""rdm geneval: shares of correct images, of all prompts and of those that training never saw."""

from dataclasses import asdict
from pathlib import Path

from pydantic import PositiveInt

from rdm_pipeline.artifacts import read_json_lines, write_json
from rdm_pipeline.evaluation.geneval import contamination, rates, unseen
from rdm_pipeline.evaluation.geneval_lines import check_complete, parse_results
from rdm_pipeline.loading.geneval import load_prompts_asked
from rdm_pipeline.params.base import Section


class Params(Section):
    """What geneval reads."""

    samples: PositiveInt


def run(params: Params, *, results: Path, metadata: Path, pools: list[Path], scores: Path) -> None:
    """Write rates of `all` prompts and of `held_out` ones, and the `contamination` of the former.

    `pools` are captions that training drew from; without any both of these are null.
    """
    verdicts = parse_results(read_json_lines(results), str(results))
    check_complete(verdicts, load_prompts_asked(metadata), params.samples, str(results))
    pool = {caption["prompt"] for path in pools for caption in read_json_lines(path)}
    written = {
        "all": asdict(rates(verdicts)),
        "held_out": asdict(rates(unseen(verdicts, pool))) if pools else None,
        "contamination": contamination(verdicts, pool) if pools else None,
    }
    write_json(scores, written)
