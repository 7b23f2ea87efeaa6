"""The raw files of a dataset of scenes: a line of JSON per image, its caption with its scene."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from rdm_pipeline.artifacts import read_json_lines, write_json_lines
from rdm_pipeline.datasets.manifest import Manifest, RawFile, RawSplit, check_file
from rdm_pipeline.datasets.scene_prompts import HeldOut, all_prompts, draw_held_out, in_turn
from rdm_pipeline.datasets.scenes import Metadata, Scene, draw_scene, render
from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import sha256
from rdm_pipeline.params.dataset import Scenes
from rdm_pipeline.progress import tracked

STREAMS = {"train": 2, "val": 3}  # of random numbers, beside those of the prompts
BLOCK = 1024


def fetch(spec: Scenes, raw_dir: Path) -> Manifest:
    """Draw the scenes of both splits; scene i depends on the seed, the split and i alone.

    Image i has the caption that is i-th in turn; its label is the caption's number among classes,
    which are the captions that training may have.
    """
    held_out = draw_held_out(spec.seed)
    captions, classes = turn(spec), _prompts(held_out, False)
    labels = {prompt: label for label, prompt in enumerate(classes)}
    splits: dict[str, RawSplit] = {}
    for split, stream in STREAMS.items():
        lines = []
        for row in tracked(range(getattr(spec.limits, split)), f"scenes {split}"):
            caption = captions[row % len(captions)]
            random = np.random.default_rng([spec.seed, stream, row])
            scene = draw_scene(caption, held_out.pairs, random)
            lines.append({**caption, "label": labels[caption["prompt"]], "scene": scene.to_json()})
        path = raw_dir / f"{split}.jsonl"
        write_json_lines(path, lines)
        files: list[RawFile] = [{"path": path.name, "sha256": sha256(path)}]
        splits[split] = {"files": files, "count": len(lines)}
    return {"classes": classes, "held_out": _prompts(held_out, True), "splits": splits}


def turn(spec: Scenes) -> list[Metadata]:
    """Return the captions of images 0, 1, ... up to where they begin again."""
    held_out = draw_held_out(spec.seed)
    return in_turn((each for each in all_prompts() if not held_out.has(each)), spec.seed)


def read_captions(raw_dir: Path, split: RawSplit) -> list[dict[str, Any]]:
    """Return the captions of a split, row by row: GenEval's metadata and the label."""
    (file,) = split["files"]
    lines = read_json_lines(check_file(raw_dir, file))
    return [{key: value for key, value in line.items() if key != "scene"} for line in lines]


def read_rows(
    raw_dir: Path, split: RawSplit, rows: np.ndarray, resolution: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield blocks of images (n,3,resolution,resolution) uint8 and labels (n,) int64."""
    (file,) = split["files"]
    path = check_file(raw_dir, file)
    lines = read_json_lines(path, rows.tolist())
    for start in range(0, len(rows), BLOCK):
        chosen = lines[start : start + BLOCK]
        try:
            images = [render(Scene.from_json(line["scene"]), resolution) for line in chosen]
            labels = [line["label"] for line in chosen]
        except (KeyError, TypeError) as error:
            raise RdmError(f"{path}: a line is no scene ({error}); fetch again") from None
        yield np.stack(images), np.array(labels, np.int64)


def _prompts(held_out: HeldOut, whether: bool) -> list[str]:
    return [each["prompt"] for each in all_prompts() if held_out.has(each) == whether]
