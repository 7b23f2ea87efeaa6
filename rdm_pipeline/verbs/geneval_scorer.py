"""rdm geneval_scorer: verdicts of a scorer that has an environment of its own."""

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from pydantic import PositiveInt

from rdm_pipeline.artifacts import read_json_lines, write_json_lines
from rdm_pipeline.errors import RdmError
from rdm_pipeline.evaluation.geneval_lines import check_complete, parse_results
from rdm_pipeline.files import sha256
from rdm_pipeline.loading.geneval import load_prompts_asked
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.geneval import PinnedFile, ScorerCommand

OURS = ("PYTHONPATH", "VIRTUAL_ENV")  # variables that would bring this package's environment along


class Params(Section):
    """What geneval_scorer reads."""

    detector: ScorerCommand
    samples: PositiveInt


def run(params: Params, *, folder: Path, metadata: Path, results: Path) -> None:
    """Write the scorer's lines in the order of the images, with paths relative to `folder`.

    Raises RdmError where a file of the scorer is not the pinned one, the command fails or its
    results are not of these images.
    """
    for file in params.detector.files:
        _require_pinned(file)
    told = load_prompts_asked(metadata)
    with tempfile.TemporaryDirectory() as scratch:
        written = Path(scratch) / "results.jsonl"
        _execute(params.detector.command, folder.resolve(), written)
        lines = read_json_lines(written)
    origin = f"results of {params.detector.label}"
    check_complete(parse_results(lines, origin), told, params.samples, origin)
    named = {_relative(line, folder): line for line in lines}
    missing = {str(path.relative_to(folder)) for path in folder.glob("*/samples/*.png")} - {*named}
    if missing:
        raise RdmError(f"{origin}: no line for {min(missing)}")
    write_json_lines(results, [{**named[name], "filename": name} for name in sorted(named)])


def _require_pinned(file: PinnedFile) -> None:
    try:
        found = sha256(Path(file.path))
    except OSError as error:
        raise RdmError(f"{file.path}: cannot be read ({error.strerror})") from None
    if file.sha256 is None:
        raise RdmError(
            f"{file.path} is not pinned yet; if you trust it, write down sha256: {found}"
        )
    if found != file.sha256:
        raise RdmError(f"{file.path}: sha256 is {found}, pinned is {file.sha256}")


def _execute(command: list[str], images: Path, results: Path) -> None:
    words = [
        word.replace("{images}", str(images)).replace("{results}", str(results)) for word in command
    ]
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    try:
        done = subprocess.run(words, env=environment, check=False)
    except OSError as error:
        raise RdmError(f"{words[0]}: cannot be run ({error.strerror})") from None
    if done.returncode:
        raise RdmError(f"{words[0]}: ended with status {done.returncode}; its own words are above")


def _relative(line: Any, folder: Path) -> str:
    """Return an image's path below `folder`: prompt, samples, picture."""
    return "/".join(Path(str(line.get("filename"))).parts[-3:])
