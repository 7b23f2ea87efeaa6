"""rdm geneval_layout: images as the folders that GenEval's official scorer reads."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
from PIL import Image
from pydantic import PositiveInt

from rdm_pipeline.artifacts import write_bytes, write_text
from rdm_pipeline.loading.geneval import load_prompts_asked, samples_of_prompts
from rdm_pipeline.params.base import Section
from rdm_pipeline.progress import Progress


class Params(Section):
    """What geneval_layout reads."""

    samples: PositiveInt


def run(params: Params, *, images: Path, metadata: Path, folder: Path) -> None:
    """Write FOLDER/00000/metadata.jsonl and FOLDER/00000/samples/0000.png, a folder per prompt.

    What was in the folder before goes: the scorer reads whatever it finds there.
    """
    shutil.rmtree(folder, ignore_errors=True)
    told = load_prompts_asked(metadata)
    progress = Progress("geneval layout", len(told) * params.samples)
    for row, asked in enumerate(told):
        write_text(folder / f"{row:05}" / "metadata.jsonl", json.dumps(asked) + "\n")
    for done, (name, _, picture) in enumerate(samples_of_prompts(images, told, params.samples)):
        write_bytes(folder / name, _png(picture))
        progress.update(done + 1)


def _png(picture: np.ndarray) -> bytes:
    """Return pixels (C,H,W) uint8 as a colour PNG."""
    data = io.BytesIO()
    Image.fromarray(picture.transpose(1, 2, 0).squeeze()).convert("RGB").save(data, "PNG")
    return data.getvalue()
