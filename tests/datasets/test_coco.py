"""Pictures with captions in COCO's form: rows by the images' numbers, one caption each."""

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rdm_pipeline.artifacts import read_array, read_json, read_json_lines
from rdm_pipeline.datasets.coco import read_annotations
from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.dataset import Captioned
from rdm_pipeline.verbs import captions, fetch, images
from tests.datasets.files import flat, save, tar_of

SHADES = {"b.jpg.png": 10, "a.png": 20, "c.png": 30}
TOLD: dict[str, Any] = {
    "info": {"year": 2014},
    "images": [
        {"id": 9, "file_name": "a.png", "height": 8},
        {"id": 2, "file_name": "b.jpg.png"},
        {"id": 30, "file_name": "c.png"},
    ],
    "annotations": [
        {"id": 12, "image_id": 9, "caption": "Later."},
        {"id": 11, "image_id": 9, "caption": " A  grey\nsquare. "},
        {"id": 13, "image_id": 2, "caption": "Dark."},
        {"id": 10, "image_id": 30, "caption": "Bright."},
    ],
}
PROMPTS = ["Dark.", "A grey square.", "Bright."]  # by the numbers of the images


@pytest.fixture
def mine(tmp_path) -> Path:
    """Pictures below a folder of their own, one more without a caption, and what they show."""
    for name, shade in SHADES.items():
        save(tmp_path / "pictures/train2014" / name, flat(shade))
    save(tmp_path / "pictures/train2014/unused.png", flat(99))
    (tmp_path / "told.json").write_text(json.dumps(TOLD))
    return tmp_path


def described(mine: Path, root: str = "pictures", limit: int | None = None, shards: int = 1) -> Any:
    roots = dict.fromkeys(("train", "val"), str(mine / root))
    files = dict.fromkeys(("train_captions", "val_captions"), str(mine / "told.json"))
    told = {"kind": "captioned", "name": "mine", "resolution": 4, "channels": 1, **roots, **files}
    counts = {"limits": {"train": limit}, "shards": {"train": shards, "val": 1}}
    return Captioned.model_validate({**told, **counts})


def made(mine: Path, spec: Captioned) -> tuple[list[int], list[str]]:
    """Return the grey levels of the training images, shard by shard, and their prompts."""
    fetch.run(fetch.Params(dataset=spec), raw=mine / "raw")
    shades = []
    for shard in range(spec.shards.train):
        params = images.Params(dataset=spec, split="train", shard=shard)
        images.run(params, raw=mine / "raw", images=mine / "shard.h5")
        shades += read_array(mine / "shard.h5", "images", "images")[:, 0, 0, 0].tolist()
    files = {split: mine / f"{split}.jsonl" for split in ("train", "val")}
    captions.run(captions.Params(dataset=spec), raw=mine / "raw", **files)
    assert len(read_json_lines(files["val"])) == len(SHADES)
    return shades, [line["prompt"] for line in read_json_lines(files["train"])]


def test_captions_are_those_of_the_images_row_by_row_in_the_order_of_their_numbers(mine):
    assert made(mine, described(mine, shards=2)) == ([10, 20, 30], PROMPTS)
    assert read_json(mine / "raw/manifest.json")["classes"] == ["picture"]
    lines = read_json_lines(mine / "train.jsonl")
    assert [line["image_id"] for line in lines] == [2, 9, 30]


def test_a_limit_takes_the_first_images_and_their_captions(mine):
    assert made(mine, described(mine, limit=2)) == ([10, 20], PROMPTS[:2])


def test_a_tar_gives_what_the_folder_does(mine):
    (mine / "all.tar").write_bytes(tar_of(mine / "pictures"))
    of_folder = made(mine, described(mine))
    shutil.rmtree(mine / "pictures")
    assert made(mine, described(mine, "all.tar")) == of_folder


def test_a_picture_that_does_not_decode_is_refused_as_captions_would_move(mine):
    (mine / "pictures/train2014/a.png").write_bytes(b"no picture")
    with pytest.raises(RdmError, match=r"a\.png .*bad_images allows 0"):
        made(mine, described(mine))


# --- bad files ----------------------------------------------------------------------------------


def changed(place: str, value: Any) -> dict[str, Any]:
    tree: Any = copy.deepcopy(TOLD)
    *path, last = place.split(".")
    node = tree
    for part in path:
        node = node[int(part) if part.isdigit() else part]
    node[last] = value
    return tree


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "told.json: not JSON"),
        ("[]", "told.json: found list, allowed: an object of images"),
        ("{}", "told.json: images: missing"),
        (json.dumps(changed("images", [])), "images: found [], allowed: "),
        (json.dumps(changed("images.0.id", "9")), "images.0.id: found '9', allowed: a valid int"),
        (json.dumps(changed("annotations.1.caption", None)), "annotations.1.caption: found None"),
        (json.dumps(changed("images.0.id", 2)), "told.json: image more than once: 2"),
        (json.dumps(changed("images.0.file_name", "c.png")), "file_name more than once: c.png"),
        (json.dumps(changed("annotations.2.caption", " ")), "images without a caption: 2"),
        (json.dumps(changed("annotations.2.image_id", 9)), "images without a caption: 2"),
        (json.dumps(changed("annotations.2.image_id", 7)), "captions of no image: 7"),
    ],
)
def test_a_bad_file_of_captions_is_one_line(tmp_path, text, message):
    (tmp_path / "told.json").write_text(text)
    with pytest.raises(RdmError) as caught:
        read_annotations(tmp_path / "told.json")
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_missing_file_a_missing_picture_and_two_of_one_name_are_told(mine):
    with pytest.raises(RdmError, match=r"none\.json: cannot be read"):
        read_annotations(mine / "none.json")
    save(mine / "pictures/other/a.png", flat(1))
    with pytest.raises(RdmError, match=r"more than one picture of a name: a\.png"):
        made(mine, described(mine))
    shutil.rmtree(mine / "pictures/other")
    (mine / "pictures/train2014/c.png").unlink()
    with pytest.raises(RdmError, match=r"pictures that are not there: c\.png"):
        made(mine, described(mine))


def test_a_picture_that_changed_since_is_refused(mine):
    spec = described(mine)
    fetch.run(fetch.Params(dataset=spec), raw=mine / "raw")
    save(mine / "pictures/train2014/a.png", np.full((8, 8), 21, np.uint8))
    with pytest.raises(RdmError, match=r"a\.png: sha256 is"):
        params = images.Params(dataset=spec, split="train", shard=0)
        images.run(params, raw=mine / "raw", images=mine / "shard.h5")
