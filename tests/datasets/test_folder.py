import os

import numpy as np
import pytest
from PIL import Image

from rdm_pipeline.datasets.folder import (
    decode,
    list_pictures,
    listing_signature,
    manifest,
    read_rows,
)
from rdm_pipeline.errors import RdmError


def save(path, values, mode=None, **options) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = values if isinstance(values, Image.Image) else Image.fromarray(np.asarray(values))
    (image.convert(mode) if mode else image).save(path, **options)


def flat(value, size=(8, 8)) -> Image.Image:
    mode = {int: "L", tuple: "RGB" if isinstance(value, tuple) and len(value) == 3 else "RGBA"}
    return Image.new(mode[type(value)], size, value)


@pytest.fixture
def roots(tmp_path):
    """Two classes in both splits, with pictures of every kind."""
    train, val = tmp_path / "train", tmp_path / "val"
    save(train / "cat" / "b.png", flat(200))
    save(train / "cat" / "nested" / "a.JPG", flat((250, 0, 0), (31, 17)))
    save(train / "dog" / "c.webp", flat((0, 0, 255, 255)), lossless=True)
    save(train / "dog" / "d.Tiff", np.full((9, 5), 65535, np.uint16))
    save(val / "cat" / "e.bmp", flat(10))
    save(val / "dog" / "f.gif", flat(20))
    (train / "cat" / "notes.txt").write_text("not a picture")
    (train / "cat" / "._b.png").write_bytes(b"what another system leaves behind")
    return train, val


def test_the_listing_is_sorted_by_class_and_name_and_takes_any_case(roots):
    assert list_pictures(roots[0]) == {
        "cat": ["cat/b.png", "cat/nested/a.JPG"],
        "dog": ["dog/c.webp", "dog/d.Tiff"],
    }


def test_the_manifest_holds_relative_paths_hashes_and_labels(roots):
    described = manifest(*roots)
    assert described["classes"] == ["cat", "dog"]
    assert described["splits"]["train"]["count"] == 4
    files = described["splits"]["train"]["files"]
    assert [(f["path"], f["label"]) for f in files][1:3] == [
        ("cat/nested/a.JPG", 0),
        ("dog/c.webp", 1),
    ]
    assert str(roots[0].parent) not in str(described)


def test_splits_with_different_classes_are_refused_by_name(roots):
    save(roots[0] / "fox" / "x.png", flat(1))
    save(roots[1] / "owl" / "x.png", flat(1))
    with pytest.raises(RdmError, match="only in train: fox; only in val: owl"):
        manifest(*roots)


@pytest.mark.parametrize("case", ["missing", "empty", "no picture"])
def test_a_root_without_pictures_is_refused(tmp_path, case):
    root = tmp_path / "root"
    if case != "missing":
        root.mkdir()
    if case == "no picture":
        (root / "cat").mkdir()
    with pytest.raises(
        RdmError, match=f"{root}: (no such folder|holds no folder|no picture in cat)"
    ):
        list_pictures(root)


def test_reading_gives_the_chosen_rows_in_order(roots):
    split = manifest(*roots)["splits"]["train"]
    ((images, labels),) = read_rows(roots[0], split, np.array([0, 3]), 4, 1)
    assert images.shape == (2, 1, 4, 4) and images.dtype == np.uint8
    assert images[0].min() == images[0].max() == 200
    assert images[1].min() == images[1].max() == 255
    assert labels.tolist() == [0, 1] and labels.dtype == np.int64


def test_a_picture_that_changed_since_the_manifest_is_refused(roots):
    split = manifest(*roots)["splits"]["train"]
    save(roots[0] / "cat" / "b.png", flat(201))
    with pytest.raises(RdmError, match=r"b\.png: sha256 is"):
        list(read_rows(roots[0], split, np.arange(4), 4, 1))


def test_the_signature_changes_with_a_new_a_renamed_and_a_touched_picture(roots):
    seen = [listing_signature(roots[0])]
    assert listing_signature(roots[0]) == seen[0]
    save(roots[0] / "dog" / "new.png", flat(1))
    seen.append(listing_signature(roots[0]))
    (roots[0] / "dog" / "new.png").rename(roots[0] / "dog" / "newer.png")
    seen.append(listing_signature(roots[0]))
    os.utime(roots[0] / "dog" / "newer.png", (1, 1))
    seen.append(listing_signature(roots[0]))
    assert len(set(seen)) == 4


def shades(path, resolution=4, channels=1) -> list[int]:
    return sorted(set(decode(path, resolution, channels).ravel().tolist()))


def test_colour_becomes_grey_by_luma_and_grey_becomes_three_equal_channels(tmp_path):
    save(tmp_path / "red.png", flat((255, 0, 0)))
    save(tmp_path / "grey.png", flat(77))
    assert shades(tmp_path / "red.png") == [76]
    assert decode(tmp_path / "grey.png", 5, 3).shape == (3, 5, 5)
    assert shades(tmp_path / "grey.png", channels=3) == [77]


def test_channels_keep_their_order(tmp_path):
    save(tmp_path / "x.png", flat((10, 20, 30)))
    assert decode(tmp_path / "x.png", 2, 3)[:, 0, 0].tolist() == [10, 20, 30]


def test_transparency_shows_white(tmp_path):
    save(tmp_path / "clear.png", flat((0, 0, 0, 0)))
    save(tmp_path / "grey_alpha.png", flat((0, 0, 0, 0)), mode="LA")
    palette = flat(0).convert("P")
    palette.info["transparency"] = 0
    palette.save(tmp_path / "palette.gif", transparency=0)
    for name in ("clear.png", "grey_alpha.png", "palette.gif"):
        assert shades(tmp_path / name) == [255], name
    save(tmp_path / "half.png", flat((0, 0, 0, 128)))
    assert shades(tmp_path / "half.png") == [127]


def test_palettes_bilevel_and_cmyk_are_read_as_what_they_show(tmp_path):
    save(tmp_path / "p.png", flat((0, 255, 0)), mode="P")
    save(tmp_path / "one.png", flat(255), mode="1")
    save(tmp_path / "cmyk.tif", flat((255, 255, 255)), mode="CMYK")
    assert decode(tmp_path / "p.png", 2, 3)[:, 0, 0].tolist() == [0, 255, 0]
    assert shades(tmp_path / "one.png") == [255]
    assert shades(tmp_path / "cmyk.tif") == [255]


def test_sixteen_bits_are_scaled_to_eight_not_cut(tmp_path):
    for value, expected in ((0, 0), (257, 1), (32768, 128), (65535, 255)):
        save(tmp_path / "x.png", np.full((6, 6), value, np.uint16))
        assert shades(tmp_path / "x.png") == [expected]


def test_the_centre_of_an_oblong_picture_is_kept(tmp_path):
    wide = np.zeros((8, 24), np.uint8)
    wide[:, 8:16] = 255
    save(tmp_path / "wide.png", wide)
    save(tmp_path / "tall.png", np.ascontiguousarray(wide.T))
    for name in ("wide.png", "tall.png"):
        inner = decode(tmp_path / name, 8, 1)
        np.testing.assert_array_equal(inner, 255)


def test_a_fine_pattern_is_averaged_when_made_smaller(tmp_path):
    stripes = np.tile(np.array([0, 255], np.uint8), (64, 32))
    save(tmp_path / "stripes.png", stripes)
    small = decode(tmp_path / "stripes.png", 8, 1)
    assert small.min() >= 118 and small.max() <= 137


def test_exif_orientation_is_applied(tmp_path):
    left_dark = np.zeros((8, 8), np.uint8)
    left_dark[:, 4:] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees clockwise
    save(tmp_path / "x.png", left_dark, exif=exif)
    shown = decode(tmp_path / "x.png", 8, 1)[0]
    assert shown[:4].max() == 0 and shown[4:].min() == 255


@pytest.mark.parametrize("kind", ["no picture", "truncated", "float"])
def test_an_unreadable_picture_is_named(tmp_path, kind):
    path = tmp_path / "bad.tif"
    if kind == "no picture":
        path.write_bytes(b"hello")
    elif kind == "float":
        save(path, np.ones((4, 4), np.float32))
    else:
        path = tmp_path / "bad.png"
        save(path, np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8))
        path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(RdmError, match=rf"{path}: not a readable picture"):
        decode(path, 4, 1)
