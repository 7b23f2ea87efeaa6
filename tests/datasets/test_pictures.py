import hashlib

import numpy as np
import pytest

from rdm_pipeline.artifacts import read_json_lines
from rdm_pipeline.datasets.pictures import UnreadableError, fetch, read_rows
from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import sha256
from rdm_pipeline.params.dataset import ImageFolder
from tests.datasets.files import flat, save, tar_of, tar_of_tars

SHADES = {"cat/a.png": 10, "cat/b.png": 20, "cat/sub/c.png": 30, "dog/a.png": 40, "dog/b.png": 50}


@pytest.fixture
def roots(tmp_path):
    for split in ("train", "val"):
        for name, shade in SHADES.items():
            save(tmp_path / split / name, flat(shade, (9, 12)))
    return tmp_path / "train", tmp_path / "val"


def described(train, val, labels=None) -> ImageFolder:
    return ImageFolder.model_validate(
        {
            "kind": "folder",
            "name": "mine",
            "train": str(train),
            "val": str(val),
            "val_labels": labels,
            "resolution": 4,
            "channels": 1,
            "limits": {},
            "shards": {"train": 1, "val": 1},
        }
    )


def read(spec, raw, split="train", rows=range(5), manifest=None):
    manifest = manifest or fetch(spec, raw)
    root = spec.train if split == "train" else spec.val
    blocks = read_rows(spec, type(raw)(root), raw, manifest["splits"][split], np.array(rows))
    images, labels = zip(*blocks, strict=True)
    return np.concatenate(images)[:, 0, 0, 0].tolist(), np.concatenate(labels).tolist()


def test_the_listing_has_relative_paths_hashes_and_labels(roots, tmp_path):
    manifest = fetch(described(*roots), tmp_path / "raw")
    assert manifest["classes"] == ["cat", "dog"]
    (file,) = manifest["splits"]["train"]["files"]
    listing = tmp_path / "raw" / file["path"]
    assert file["sha256"] == sha256(listing)
    lines = read_json_lines(listing, range(5))
    assert manifest["splits"]["train"]["count"] == len(lines) == 5
    assert [line["path"] for line in lines] == list(SHADES)
    assert [line["label"] for line in lines] == [0, 0, 0, 1, 1]
    expected = hashlib.sha256((roots[0] / "cat/a.png").read_bytes()).hexdigest()
    assert lines[0]["sha256"] == expected
    assert str(tmp_path) not in listing.read_text()


def test_reading_gives_the_chosen_rows_in_order(roots, tmp_path):
    assert read(described(*roots), tmp_path / "raw", rows=[0, 3, 4]) == ([10, 40, 50], [0, 1, 1])


def test_tars_give_the_rows_of_the_folder(roots, tmp_path):
    train, val = tmp_path / "train.tar", tmp_path / "val.tar"
    train.write_bytes(tar_of_tars(roots[0]))
    val.write_bytes(tar_of(roots[1]))
    for split in ("train", "val"):
        of_folder = read(described(*roots), tmp_path / "raw", split)
        assert read(described(train, val), tmp_path / "raw of tars", split) == of_folder


def test_a_flat_validation_tar_with_labels_gives_the_rows_of_class_folders(roots, tmp_path):
    lines = []
    for name in SHADES:
        label, _, flat_name = name.replace("sub/", "").partition("/")
        flat_name = f"{label}_{flat_name}"
        save(tmp_path / "flat" / flat_name, flat(SHADES[name], (9, 12)))
        lines.append(f"{flat_name} {label}\n")
    (tmp_path / "labels.txt").write_text("".join(reversed(lines)))
    (tmp_path / "val.tar").write_bytes(tar_of(tmp_path / "flat"))
    spec = described(roots[0], tmp_path / "val.tar", str(tmp_path / "labels.txt"))
    of_folder = read(described(*roots), tmp_path / "raw", "val")
    assert read(spec, tmp_path / "raw of tars", "val") == of_folder


def test_splits_with_different_classes_are_refused_by_name(roots, tmp_path):
    save(roots[0] / "fox" / "x.png", flat(1))
    save(roots[1] / "owl" / "x.png", flat(1))
    with pytest.raises(RdmError, match="only in train: fox; only in val: owl"):
        fetch(described(*roots), tmp_path / "raw")


@pytest.mark.parametrize("tar", [False, True])
def test_a_picture_that_changed_since_it_was_listed_is_refused(roots, tmp_path, tar):
    train = roots[0]
    if tar:
        train = tmp_path / "train.tar"
        train.write_bytes(tar_of(roots[0]))
    spec = described(train, roots[1])
    manifest = fetch(spec, tmp_path / "raw")
    save(roots[0] / "cat" / "b.png", flat(21, (9, 12)))
    if tar:
        train.write_bytes(tar_of(roots[0]))
    with pytest.raises(RdmError, match=r"cat/b\.png: sha256 is"):
        read(spec, tmp_path / "raw", manifest=manifest)


def test_a_picture_that_is_gone_is_refused(roots, tmp_path):
    spec = described(*roots)
    manifest = fetch(spec, tmp_path / "raw")
    (roots[0] / "cat" / "b.png").unlink()
    with pytest.raises(RdmError, match=r"cat/b\.png: No such file or directory; fetch again"):
        read(spec, tmp_path / "raw", manifest=manifest)


def test_a_listing_that_changed_is_refused(roots, tmp_path):
    spec = described(*roots)
    manifest = fetch(spec, tmp_path / "raw")
    with (tmp_path / "raw/train.jsonl").open("a") as file:
        file.write("\n")
    with pytest.raises(RdmError, match=r"train\.jsonl: sha256 is"):
        read(spec, tmp_path / "raw", manifest=manifest)


def test_pictures_that_cannot_be_decoded_are_counted_and_named_after_all_were_tried(
    roots, tmp_path
):
    (roots[0] / "cat/b.png").write_bytes(b"")
    (roots[0] / "dog/a.png").write_bytes(b"no picture")
    spec = described(*roots)
    manifest = fetch(spec, tmp_path / "raw")
    blocks = read_rows(
        spec, roots[0], tmp_path / "raw", manifest["splits"]["train"], np.array([1, 2, 3, 4])
    )
    images, labels = next(blocks)
    assert images[:, 0, 0, 0].tolist() == [30, 50] and labels.tolist() == [0, 1]
    with pytest.raises(UnreadableError) as caught:
        next(blocks)
    assert caught.value.positions == [0, 2]
    assert caught.value.paths == ["cat/b.png", "dog/a.png"]
    assert str(caught.value) == (
        f"{roots[0]}: 2 of 4 pictures cannot be read: cat/b.png (empty), "
        "dog/a.png (no format that Pillow knows)"
    )
