"""A small project whose images have captions: bright or dark squares, post-trained to one step."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from tests.pipeline.conftest import copy_project, set_param
from tests.verbs.test_geneval import SCORER

RESULTS = "results/prompts"
COUNTS = {"train": 32, "val": 16}
CLAUSES = [{"class": "square", "count": 1}]
PROFILE = Path(__file__).with_suffix(".yaml")


def write_project(folder: Path) -> Path:
    """Write pictures, their captions and the profile `prompts` into a copy of the project."""
    copy_project(folder)
    rng = np.random.default_rng(0)
    _write_captions(folder / "long.jsonl", ["one dark square beside another dark square", "grey"])
    _write_captions(folder / "asked.jsonl", ["a dark square", "a bright square", "a grey square"])
    for split, count in COUNTS.items():
        prompts = []
        for name, level in (("bright", 200), ("dark", 40)):
            place = folder / "pictures" / split / name
            place.mkdir(parents=True)
            for index in range(count // 2):
                pixels = level + rng.integers(0, 40, (16, 16, 3), np.uint8)
                Image.fromarray(pixels).save(place / f"{index:02}.png")
                prompts.append(f"a {name} square")
        _write_captions(folder / RESULTS / f"captions/{split}.jsonl", prompts)
    profile = folder / "profiles/prompts.yaml"
    shutil.copy(PROFILE, profile)
    command = [sys.executable, "scorer.py", "{images}", "{results}", "0", "0"]
    set_param(profile, "evaluation.geneval.detectors.half.command", command)
    (folder / "scorer.py").write_text(SCORER)  # which likes the first image of each prompt
    return folder


def targets(*generators: str) -> list[str]:
    """The sets of samples of some generators."""
    sets = ("images", "geneval")
    return [f"{RESULTS}/{kind}/{name}/samples.h5" for name in generators for kind in sets]


def _write_captions(file: Path, prompts: list[str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [{"prompt": prompt, "tag": "colors", "include": CLAUSES} for prompt in prompts]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
