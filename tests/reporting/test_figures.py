import io

import matplotlib
import numpy as np
import pytest
from PIL import Image

from rdm_pipeline.errors import RdmError
from rdm_pipeline.reporting.figures import CELL, sample_grid, training_curves

HISTORY = [
    {
        "step": step,
        "batch": 64,
        "scores": {"a": 9.0 / step, "b": 4.0},
        "weights": {"a": 1.0, "b": 0.0},
    }
    for step in range(1, 6)
]


def pictures(reds, size=28) -> tuple[np.ndarray, np.ndarray]:
    """One flat red picture per value (text is grey, so it is never mistaken), classes in turn."""
    images = np.zeros((len(reds), 3, size, size), np.uint8)
    images[:, 0] = np.array(reds, np.uint8)[:, None, None]
    return images, np.arange(len(reds)) % 2


def decoded(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def places(png: bytes, red: int) -> np.ndarray:
    """Rows and columns (n,2) of the pixels of exactly this red."""
    return np.argwhere((decoded(png) == [red, 0, 0]).all(axis=2))


def test_pictures_stand_in_the_row_of_their_class_in_the_order_given():
    png = sample_grid({"run": pictures([60, 70, 80, 90])}, ["even", "odd"], 2)
    corners = {red: places(png, red).min(axis=0) for red in (60, 70, 80, 90)}
    assert corners[60][0] == corners[80][0] < corners[70][0] == corners[90][0]
    assert corners[60][1] == corners[70][1] < corners[80][1] == corners[90][1]


def test_panels_stand_side_by_side():
    png = sample_grid({"run": pictures([61, 71]), "real": pictures([81, 91])}, ["x", "y"], 1)
    run, real = places(png, 61), places(png, 81)
    assert run[:, 0].min() == real[:, 0].min()
    assert run[:, 1].max() < real[:, 1].min()


@pytest.mark.parametrize("size", [28, 8, 100])
def test_pixels_are_enlarged_whole_and_never_blended(size):
    images, labels = pictures([33, 66], size=size)
    images[0, 0, :, ::2] = 99
    png = sample_grid({"run": (images, labels)}, ["x", "y"], 1)
    scale = max(1, CELL // size)
    assert len(places(png, 33)) == len(places(png, 99)) == size * size // 2 * scale**2


def test_a_grey_picture_has_three_equal_channels():
    images, labels = pictures([0, 0])
    shown = decoded(sample_grid({"run": (images[:, :1] + 201, labels)}, ["x", "y"], 1))
    assert (shown == 201).all(axis=2).sum() >= 2 * CELL**2


def test_class_names_and_titles_change_the_picture():
    panel = pictures([10, 20])
    first = decoded(sample_grid({"run": panel}, ["aa", "bb"], 1))
    assert (first != decoded(sample_grid({"run": panel}, ["aa", "cc"], 1))).any()
    assert (first != decoded(sample_grid({"ran": panel}, ["aa", "bb"], 1))).any()


def test_a_class_with_too_few_images_is_refused():
    with pytest.raises(RdmError, match="run: 1 images of odd, expected at least 2"):
        sample_grid({"run": pictures([1, 2, 3])}, ["even", "odd"], 2)


def test_figures_are_the_same_bytes_whatever_the_users_style():
    panels = {"run": pictures([60, 70])}
    before = (
        sample_grid(panels, ["x", "y"], 1),
        training_curves(HISTORY, {64: {"a": 3.0, "b": 2.0}}),
    )
    with matplotlib.rc_context({"figure.facecolor": "red", "savefig.dpi": 50, "font.size": 20}):
        after = (
            sample_grid(panels, ["x", "y"], 1),
            training_curves(HISTORY, {64: {"a": 3.0, "b": 2.0}}),
        )
    assert before == after


def test_figures_carry_no_software_version():
    for png in (
        sample_grid({"r": pictures([6, 7])}, ["x", "y"], 1),
        training_curves(HISTORY, {64: {"a": 3.0, "b": 2.0}}),
    ):
        assert "Software" not in Image.open(io.BytesIO(png)).info


def test_curves_show_scores_over_their_floor_and_weights():
    first = decoded(training_curves(HISTORY, {64: {"a": 3.0, "b": 2.0}}))
    assert (first != decoded(training_curves(HISTORY, {64: {"a": 3.0, "b": 1.0}}))).any()
    changed = [{**entry, "weights": {"a": 0.5, "b": 0.5}} for entry in HISTORY]
    assert (first != decoded(training_curves(changed, {64: {"a": 3.0, "b": 2.0}}))).any()
