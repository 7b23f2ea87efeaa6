import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rdm_pipeline.artifacts import read_array, write_json
from rdm_pipeline.datasets.pictures import fetch
from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import sha256
from rdm_pipeline.loading.images import describe_images
from rdm_pipeline.params.dataset import ImageFolder
from rdm_pipeline.verbs import gather, images
from tests.datasets.files import flat, save, tar_with
from tests.verbs.shards import (
    command,
    execute,
    execute_without_space,
    kill_while_writing,
    names,
    peak_memory,
)


def dataset(train, val, shards=1, bad_images=0, resolution=4, channels=1) -> dict:
    return {
        "kind": "folder",
        "name": "mine",
        "train": str(train),
        "val": str(val),
        "resolution": resolution,
        "channels": channels,
        "limits": {"train": None, "val": None},
        "shards": {"train": shards, "val": 1},
        "bad_images": bad_images,
    }


@pytest.fixture
def mine(tmp_path) -> Path:
    """Ten pictures; two of them, in the first and in the last of three shards, are damaged."""
    for index in range(10):
        label = "cat" if index < 5 else "dog"
        for split in ("train", "val"):
            save(tmp_path / split / label / f"{index}.png", flat(10 * index))
    (tmp_path / "train/cat/1.png").write_bytes(b"")
    (tmp_path / "train/dog/8.png").write_bytes(b"no picture")
    return tmp_path


def make(place: Path, bad_images: int, shard: int) -> Path:
    spec = dataset(place / "train", place / "val", 3, bad_images)
    raw, made = place / "raw", place / f"{shard}.h5"
    manifest = fetch(ImageFolder.model_validate(spec), raw)
    write_json(raw / "manifest.json", manifest)
    params = images.Params.model_validate({"dataset": spec, "split": "train", "shard": shard})
    images.run(params, raw=raw, images=made)
    return made


def test_a_damaged_picture_is_refused_by_name(mine):
    with pytest.raises(RdmError) as caught:
        make(mine, bad_images=0, shard=0)
    assert str(caught.value) == (
        f"{mine}/train: 1 of 3 pictures cannot be read: cat/1.png (empty); "
        "dataset.bad_images allows 0 per shard"
    )
    assert not list(mine.glob("*.h5")) and not list(mine.glob(".*"))


def test_damaged_pictures_that_are_allowed_are_left_out_and_named_and_labels_stay(mine, capsys):
    shards = [make(mine, bad_images=1, shard=shard) for shard in range(3)]
    assert [describe_images(shard).left_out for shard in shards] == [
        ["cat/1.png"],
        [],
        ["dog/8.png"],
    ]
    gather.run(gather.Params(kind="images"), shards=shards, whole=mine / "all.h5")
    about = describe_images(mine / "all.h5")
    assert about.rows == 8 and about.left_out == ["cat/1.png", "dog/8.png"]
    kept = [0, 2, 3, 4, 5, 6, 7, 9]
    shades = read_array(mine / "all.h5", "images", "images")[:, 0, 0, 0]
    assert shades.tolist() == [10 * index for index in kept]
    labels = read_array(mine / "all.h5", "images", "labels")
    assert labels.tolist() == [int(index >= 5) for index in kept]
    assert "2 pictures left out: cat/1.png, dog/8.png" in capsys.readouterr().err


def test_a_damaged_picture_moves_no_row_of_another_shard(mine):
    before = sha256(make(mine, bad_images=1, shard=1))
    save(mine / "train/cat/1.png", flat(10))
    assert sha256(make(mine, bad_images=1, shard=1)) == before


def test_a_shard_of_damaged_pictures_alone_is_refused(mine):
    for index in range(3):
        (mine / f"train/cat/{index}.png").write_bytes(b"")
    with pytest.raises(RdmError, match="3 of 3 pictures cannot be read"):
        make(mine, bad_images=100, shard=0)


# --- many pictures ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> Path:
    """Two tars: one class of 7,000 pictures and one of 600."""
    place = tmp_path_factory.mktemp("many")
    rng = np.random.default_rng(0)
    buffer = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (96, 128, 3), np.uint8)).save(buffer, "JPEG")
    for split, count in (("train", 7000), ("val", 600)):
        pictures = {f"cat/{index:04}.jpg": buffer.getvalue() for index in range(count)}
        (place / f"{split}.tar").write_bytes(tar_with(pictures))
    spec = dataset(place / "train.tar", place / "val.tar", resolution=128, channels=3)
    execute(command("fetch", {"dataset": spec}, raw=place / "raw"))
    (place / "spec.json").write_text(json.dumps(spec))
    return place


def images_of(place: Path, split: str, target: Path) -> list[str]:
    spec = json.loads((place / "spec.json").read_text())
    params = {"dataset": spec, "split": split, "shard": 0}
    return command("images", params, raw=place / "raw", images=target)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_shard(many, tmp_path):
    peaks = {}
    for split in ("train", "val"):
        target = tmp_path / f"{split}.h5"
        execute(images_of(many, split, target))
        peaks[split] = peak_memory(target)
    # so much that a tenth of it is beyond what allocators of threads differ by between machines
    more = (7000 - 600) * 3 * 128 * 128
    assert peaks["train"] - peaks["val"] < 0.1 * more


@pytest.mark.slow
def test_a_killed_job_leaves_no_file_and_the_next_one_is_as_if_there_had_been_none(many, tmp_path):
    target, undisturbed = tmp_path / "0.h5", tmp_path / "alone/0.h5"
    execute(images_of(many, "val", undisturbed))
    kill_while_writing(images_of(many, "val", target), target)
    assert not target.exists() and len(names(tmp_path)) == 2
    execute(images_of(many, "val", target))
    assert names(tmp_path)[-2:] == ["0.h5.prov.json", "alone"] and target.exists()
    assert not list(tmp_path.glob(".*.partial"))
    assert sha256(target) == sha256(undisturbed)


@pytest.mark.slow
def test_a_full_disk_is_one_line_and_no_file(many, tmp_path):
    said = execute_without_space(images_of(many, "val", tmp_path / "0.h5"))
    assert said == f"rdm: {tmp_path}/0.h5: not written: File too large\n"
    assert names(tmp_path) == []
