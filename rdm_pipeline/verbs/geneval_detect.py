"""rdm geneval_detect: the exact detector's verdicts on images of scenes."""

import json
from pathlib import Path

from pydantic import PositiveInt

from rdm_pipeline.artifacts import write_json_lines
from rdm_pipeline.evaluation.geneval import judge
from rdm_pipeline.evaluation.scenes import detect
from rdm_pipeline.loading.geneval import load_prompts_asked, samples_of_prompts
from rdm_pipeline.params.base import Section
from rdm_pipeline.progress import Progress


class Params(Section):
    """What geneval_detect reads."""

    samples: PositiveInt


def run(params: Params, *, images: Path, metadata: Path, results: Path) -> None:
    """Write a line for each image, with the keys of the official scorer's results."""
    told, lines = load_prompts_asked(metadata), []
    progress = Progress("geneval detect", len(told) * params.samples)
    for name, row, picture in samples_of_prompts(images, told, params.samples):
        asked, seen = told[row], detect(picture / 255)
        reason = judge(seen, asked)
        boxes = {
            shape: [[*map(float, each.box), each.confidence] for each in found]
            for shape, found in seen.items()
        }
        lines.append(
            {
                "filename": name,
                "tag": asked["tag"],
                "prompt": asked["prompt"],
                "correct": not reason,
                "reason": reason,
                "metadata": json.dumps(asked, sort_keys=True),
                "details": json.dumps(boxes, sort_keys=True),
            }
        )
        progress.update(len(lines))
    write_json_lines(results, lines)
