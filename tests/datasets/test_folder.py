import os

import numpy as np
import pytest

from rdm_pipeline.datasets.folder import list_pictures, listing_signature
from rdm_pipeline.errors import RdmError
from tests.datasets.files import flat, save, tar_of, tar_of_tars


@pytest.fixture
def root(tmp_path):
    """Two classes with pictures of every kind, and files that are none."""
    train = tmp_path / "train"
    save(train / "cat" / "b.png", flat(200))
    save(train / "cat" / "nested" / "a.JPG", flat((250, 0, 0), (31, 17)))
    save(train / "dog" / "c.webp", flat((0, 0, 255, 255)), lossless=True)
    save(train / "dog" / "d.Tiff", np.full((9, 5), 65535, np.uint16))
    (train / "cat" / "notes.txt").write_text("not a picture")
    (train / "cat" / "._b.png").write_bytes(b"what another system leaves behind")
    return train


@pytest.fixture
def val(tmp_path):
    """Pictures without class folders, and a file with their classes."""
    for name, shade in (("1.png", 1), ("2.png", 2), ("3.png", 3)):
        save(tmp_path / "val" / name, flat(shade))
    labels = tmp_path / "labels.txt"
    labels.write_text("1.png dog\n2.png cat\n\n3.png dog\n")
    return tmp_path / "val", labels


def paths(pictures) -> dict[str, list[str]]:
    return {label: [place.path for place in places] for label, places in pictures.items()}


LISTED = {"cat": ["cat/b.png", "cat/nested/a.JPG"], "dog": ["dog/c.webp", "dog/d.Tiff"]}


def test_the_listing_is_sorted_by_class_and_name_and_takes_any_case(root):
    assert paths(list_pictures(root)) == LISTED


def as_one_tar(root):
    (root.parent / "t.tar").write_bytes(tar_of(root))
    return root.parent / "t.tar"


def as_tar_of_tars(root):
    (root.parent / "t.tar").write_bytes(tar_of_tars(root))
    return root.parent / "t.tar"


def as_folder_of_tars(root):
    folder = root.parent / "tars"
    folder.mkdir()
    for name in ("cat", "dog"):
        (folder / f"{name}.tar").write_bytes(tar_of(root / name))
    return folder


@pytest.mark.parametrize("pack", [as_one_tar, as_tar_of_tars, as_folder_of_tars])
def test_tars_list_the_same_pictures_as_the_folder_and_say_where_their_bytes_are(root, pack):
    packed = pack(root)
    listing = list_pictures(packed)
    assert paths(listing) == LISTED
    for place in (place for places in listing.values() for place in places):
        data = (packed / place.archive).read_bytes()
        expected = (root / place.path).read_bytes()
        assert data[place.offset : place.offset + place.size] == expected


@pytest.mark.parametrize("tar", [False, True])
def test_a_split_without_class_folders_takes_its_classes_from_a_file(val, tar):
    folder, labels = val
    if tar:
        folder.with_suffix(".tar").write_bytes(tar_of(folder))
        folder = folder.with_suffix(".tar")
    assert paths(list_pictures(folder, labels)) == {"cat": ["2.png"], "dog": ["1.png", "3.png"]}


def test_a_split_without_class_folders_and_without_such_a_file_is_refused(val):
    with pytest.raises(RdmError, match=r"1\.png, 2\.png, 3\.png in no class.*dataset\.val_labels"):
        list_pictures(val[0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1.png dog\n2.png\n", "line 2 is '2.png', allowed: picture class"),
        ("1.png dog\n1.png cat\n", "1.png more than once"),
        ("1.png dog\n2.png cat\n", "without a line: 3.png; without a picture: -"),
        ("1.png a\n2.png a\n3.png a\n4.png a\n", "without a line: -; without a picture: 4.png"),
    ],
)
def test_labels_that_do_not_fit_the_pictures_are_refused(val, text, message):
    val[1].write_text(text)
    with pytest.raises(RdmError, match=message):
        list_pictures(*val)


@pytest.mark.parametrize("case", ["missing", "empty", "no picture", "one class without"])
def test_a_root_without_pictures_is_refused(tmp_path, case):
    root = tmp_path / "root"
    if case != "missing":
        root.mkdir()
    if case in ("no picture", "one class without"):
        (root / "cat").mkdir()
    if case == "one class without":
        save(root / "dog" / "x.png", flat(1))
    with pytest.raises(RdmError, match=f"{root}: (no such folder|no picture in (it|cat))"):
        list_pictures(root)


def test_the_signature_changes_with_a_new_a_renamed_and_a_touched_picture(root):
    seen = [listing_signature(root)]
    assert listing_signature(root) == seen[0]
    save(root / "dog" / "new.png", flat(1))
    seen.append(listing_signature(root))
    (root / "dog" / "new.png").rename(root / "dog" / "newer.png")
    seen.append(listing_signature(root))
    os.utime(root / "dog" / "newer.png", (1, 1))
    seen.append(listing_signature(root))
    assert len(set(seen)) == 4


def test_the_signature_of_a_tar_is_that_of_the_file(root):
    tar = as_one_tar(root)
    before = listing_signature(tar)
    tar.write_bytes(b"no tar, and nobody looks into it")
    assert listing_signature(tar) != before
