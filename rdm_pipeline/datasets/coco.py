"""Pictures with captions as COCO publishes them: a folder or a tar, and a JSON file about it."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from rdm_pipeline.artifacts import read_json_lines, write_json_lines
from rdm_pipeline.datasets.folder import list_by_name, some
from rdm_pipeline.datasets.manifest import Manifest, RawSplit, check_file
from rdm_pipeline.datasets.pictures import hashed
from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import sha256
from rdm_pipeline.params.dataset import Captioned
from rdm_pipeline.params.explain import explain

CLASSES = ["picture"]  # captions say what is in one; no picture has another class


class Part(BaseModel):
    """A part of the file that may have more keys than are read."""

    model_config = ConfigDict(strict=True, extra="ignore")


class ImageEntry(Part):
    """An entry of `images`."""

    id: NonNegativeInt
    file_name: str = Field(min_length=1)


class Annotation(Part):
    """An entry of `annotations`: one of the captions of an image."""

    id: NonNegativeInt
    image_id: NonNegativeInt
    caption: str


class Annotations(Part):
    """The file, such as captions_train2014.json."""

    images: list[ImageEntry] = Field(min_length=1)
    annotations: list[Annotation]


class Described(NamedTuple):
    """A picture's number and file name, and the caption that it is used with."""

    image_id: int
    file_name: str
    prompt: str


def fetch(spec: Captioned, raw_dir: Path) -> Manifest:
    """List the pictures of both splits with hashes and captions in `raw_dir`, by image number."""
    splits: dict[str, RawSplit] = {}
    for split, root, captions in (
        ("train", spec.train, spec.train_captions),
        ("val", spec.val, spec.val_captions),
    ):
        path = raw_dir / f"{split}.jsonl"
        described = read_annotations(Path(captions))
        write_json_lines(path, _listed(Path(root), described))
        count = len(described)
        splits[split] = {"files": [{"path": path.name, "sha256": sha256(path)}], "count": count}
    return {"classes": CLASSES, "splits": splits}


def read_annotations(path: Path) -> list[Described]:
    """Return the images of a file by their numbers, each with its caption of the lowest number.

    White space in a caption is one space, none at its ends. RdmError that names the file for what
    is not in COCO's form, for an image without a caption or twice, a caption without an image.
    """
    told = _parsed(path)
    _require_once(path, "image", (image.id for image in told.images))
    _require_once(path, "file_name", (image.file_name for image in told.images))
    captions: dict[int, str] = {}
    for each in sorted(told.annotations, key=lambda each: each.id):
        captions.setdefault(each.image_id, " ".join(each.caption.split()))
    numbers = {image.id for image in told.images}
    unknown, blank = captions.keys() - numbers, {n for n in numbers if not captions.get(n)}
    for what, found in (("captions of no image", unknown), ("images without a caption", blank)):
        if found:
            raise RdmError(f"{path}: {what}: {some([str(n) for n in sorted(found)])}")
    images = sorted(told.images, key=lambda image: image.id)
    return [Described(image.id, image.file_name, captions[image.id]) for image in images]


def read_captions(raw_dir: Path, split: RawSplit, count: int) -> list[dict[str, Any]]:
    """Return the captions of a split's first `count` images, row by row."""
    (file,) = split["files"]
    lines = read_json_lines(check_file(raw_dir, file), range(count))
    return [{key: line[key] for key in ("prompt", "image_id", "label")} for line in lines]


def _listed(root: Path, described: list[Described]) -> Iterator[dict[str, Any]]:
    """Yield a line for each picture, with its caption; pictures without one are not used."""
    place_of = list_by_name(root)
    missing = [each.file_name for each in described if each.file_name not in place_of]
    if missing:
        raise RdmError(f"{root}: its captions are of pictures that are not there: {some(missing)}")
    pictures = hashed(root, [(place_of[each.file_name], 0) for each in described])
    for picture, each in zip(pictures, described, strict=True):
        yield {**picture, "image_id": each.image_id, "prompt": each.prompt}


def _parsed(path: Path) -> Annotations:
    try:
        tree = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise RdmError(f"{path}: cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise RdmError(f"{path}: not JSON ({error})") from None
    if not isinstance(tree, dict):
        raise RdmError(f"{path}: found {type(tree).__name__}, allowed: an object of images, ...")
    try:
        return Annotations.model_validate(tree)
    except ValidationError as error:
        raise RdmError(f"{path}: {explain(error, tree)}") from None


def _require_once(path: Path, what: str, names: Iterable[str | int]) -> None:
    twice = sorted(str(name) for name, count in Counter(names).items() if count > 1)
    if twice:
        raise RdmError(f"{path}: {what} more than once: {some(twice)}")
