import io

import numpy as np
import pytest
from PIL import Image

from rdm_pipeline.datasets.decode import centre_crop, decode
from tests.datasets.files import flat, save


def read(path, resolution, channels) -> np.ndarray:
    return decode(path.read_bytes(), resolution, channels)


def shades(path, resolution=4, channels=1) -> list[int]:
    return sorted(set(read(path, resolution, channels).ravel().tolist()))


def test_colour_becomes_grey_by_luma_and_grey_becomes_three_equal_channels(tmp_path):
    save(tmp_path / "red.png", flat((255, 0, 0)))
    save(tmp_path / "grey.png", flat(77))
    assert shades(tmp_path / "red.png") == [76]
    assert read(tmp_path / "grey.png", 5, 3).shape == (3, 5, 5)
    assert shades(tmp_path / "grey.png", channels=3) == [77]


def test_channels_keep_their_order(tmp_path):
    save(tmp_path / "x.png", flat((10, 20, 30)))
    assert read(tmp_path / "x.png", 2, 3)[:, 0, 0].tolist() == [10, 20, 30]


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
    assert read(tmp_path / "p.png", 2, 3)[:, 0, 0].tolist() == [0, 255, 0]
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
        inner = read(tmp_path / name, 8, 1)
        np.testing.assert_array_equal(inner, 255)


def test_a_fine_pattern_is_averaged_when_made_smaller(tmp_path):
    stripes = np.tile(np.array([0, 255], np.uint8), (64, 32))
    save(tmp_path / "stripes.png", stripes)
    small = read(tmp_path / "stripes.png", 8, 1)
    assert small.min() >= 118 and small.max() <= 137


def test_exif_orientation_is_applied(tmp_path):
    left_dark = np.zeros((8, 8), np.uint8)
    left_dark[:, 4:] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees clockwise
    save(tmp_path / "x.png", left_dark, exif=exif)
    shown = read(tmp_path / "x.png", 8, 1)[0]
    assert shown[:4].max() == 0 and shown[4:].min() == 255


# --- the crop -----------------------------------------------------------------------------------


def box(x):
    return ((x > -0.5) & (x <= 0.5)).astype(float)


def bicubic(x):
    x = np.abs(x)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * (x**3 - 5 * x**2 + 8 * x - 4)
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def resample(values, size, kernel, axis) -> np.ndarray:
    """One axis of a picture at another size, antialiased, rounded to 8 bits as pictures are."""
    step = values.shape[axis] / size
    centres = (np.arange(size) + 0.5) * step
    weights = kernel((np.arange(values.shape[axis]) + 0.5 - centres[:, None]) / max(step, 1))
    weights /= weights.sum(axis=1, keepdims=True)
    made = np.moveaxis(np.tensordot(weights, values, (1, axis)), 0, axis)
    return np.clip(np.floor(made + 0.5), 0, 255)


def resize(values, height, width, kernel) -> np.ndarray:
    return resample(resample(values, width, kernel, 1), height, kernel, 0)


def adm_crop(values, size) -> np.ndarray:
    """What guided-diffusion does to an ImageNet picture, axis by axis in float64."""
    values = values.astype(float)
    while min(values.shape[:2]) >= 2 * size:
        values = resize(values, values.shape[0] // 2, values.shape[1] // 2, box)
    scale = size / min(values.shape[:2])
    height, width = (round(side * scale) for side in values.shape[:2])
    values = resize(values, height, width, bicubic)
    top, left = (height - size) // 2, (width - size) // 2
    return values[top : top + size, left : left + size]


@pytest.mark.parametrize(
    "shape", [(16, 16), (23, 40), (41, 31), (64, 97), (131, 70), (9, 12), (200, 33)]
)
def test_the_crop_is_adms_computed_by_hand(shape):
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (shape[0] // 3 + 1, shape[1] // 3 + 1, 3), np.uint8)
    pixels = np.kron(coarse, np.ones((3, 3, 1), np.uint8))[: shape[0], : shape[1]]
    found = np.asarray(centre_crop(Image.fromarray(pixels), 16)).astype(float)
    expected = adm_crop(pixels, 16)
    assert found.shape == (16, 16, 3)
    # Pillow keeps its weights in fixed point: a value may round to its neighbour
    assert np.abs(found - expected).max() <= 1
    assert (found != expected).mean() < 0.05


def test_halving_by_means_comes_before_the_bicubic_step():
    stripes = np.tile(np.array([0, 255], np.uint8), (64, 32))
    halved = np.asarray(centre_crop(Image.fromarray(stripes), 16))
    at_once = np.asarray(Image.fromarray(stripes).resize((16, 16), Image.Resampling.BICUBIC))
    assert (halved == 128).all()
    assert (at_once != 128).any()


# --- JPEG as it is found in ImageNet ------------------------------------------------------------


def jpeg(image, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_grey_colour_and_cmyk_jpegs_become_rgb(mode):
    colour = Image.new("RGB", (20, 20), (200, 200, 200)).convert(mode)
    image = decode(jpeg(colour), 8, 3)
    assert image.shape == (3, 8, 8) and image.dtype == np.uint8
    assert np.abs(image.astype(int) - 200).max() <= 3


def test_a_jpeg_with_damaged_exif_is_read_as_it_lies():
    image = Image.effect_noise((40, 30), 80)
    plain, damaged = jpeg(image), jpeg(image, exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\1\2")
    np.testing.assert_array_equal(decode(damaged, 8, 1), decode(plain, 8, 1))
    garbage = jpeg(image, exif=b"Exif\0\0garbage, no TIFF header")
    np.testing.assert_array_equal(decode(garbage, 8, 1), decode(plain, 8, 1))


NOISE = jpeg(Image.effect_noise((64, 64), 80))
FLOAT = io.BytesIO()
Image.fromarray(np.ones((4, 4), np.float32)).save(FLOAT, "TIFF")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "^empty$"),
        (b"hello", "^no format that Pillow knows$"),
        (bytes(5000), "^no format that Pillow knows$"),
        (NOISE[: len(NOISE) // 2], "truncated"),
        (NOISE[:300], ""),
        (FLOAT.getvalue(), "floating-point pixels; allowed: 8 or 16 bits"),
    ],
)
def test_what_is_no_whole_picture_is_refused(data, reason):
    with pytest.raises(ValueError, match=reason):
        decode(data, 4, 1)
