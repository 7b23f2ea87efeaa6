"""The exact detector: exact on what is rendered, robust to blur and noise, blind to nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from rdm_pipeline.datasets.scene_prompts import all_prompts
from rdm_pipeline.datasets.scenes import SHAPES, Scene, SceneObject, coverage, draw_scene, render
from rdm_pipeline.evaluation.geneval import judge
from rdm_pipeline.evaluation.scenes import LOWER, MASS, detect

PROMPTS = all_prompts()


def seen(image: np.ndarray) -> list[tuple[str, str]]:
    return sorted((shape, each.color) for shape, found in detect(image).items() for each in found)


def shown(scene: Scene) -> list[tuple[str, str]]:
    return sorted((each.shape, each.color) for each in scene.objects)


def scenes(count: int, resolution: int = 32) -> list[tuple[Scene, np.ndarray]]:
    """Scenes of all tasks in turn, with their pixels in [0,1]."""
    random = np.random.default_rng(0)
    drawn = [draw_scene(PROMPTS[(7 * row) % len(PROMPTS)], (), random) for row in range(count)]
    return [(scene, render(scene, resolution) / 255) for scene in drawn]


@given(st.sampled_from(PROMPTS), st.integers(0, 2**31), st.sampled_from([24, 32, 64]))
@settings(max_examples=150, deadline=None)
def test_every_rendered_scene_is_read_exactly_and_satisfies_its_prompt(metadata, seed, resolution):
    scene = draw_scene(metadata, (), np.random.default_rng(seed))
    image = render(scene, resolution) / 255
    assert seen(image) == shown(scene)
    assert judge(detect(image), metadata) == ""


def test_boxes_are_where_the_objects_are():
    for scene, image in scenes(40):
        boxes = np.array([each.box for found in detect(image).values() for each in found])
        for each in scene.objects:
            sides = each.x - each.half, each.y - each.half, each.x + each.half, each.y + each.half
            apart = np.abs(boxes - 32 * np.array(sides)).max(axis=1)
            assert apart.min() < 0.5  # pixels


@pytest.mark.parametrize(
    ("blur", "noise", "share"),
    [(0.0, 0.1, 0.99), (0.0, 0.15, 0.85), (1.0, 0.0, 0.98), (1.0, 0.1, 0.97)],
)
def test_most_scenes_are_read_through_blur_and_noise(blur, noise, share):
    """blur: standard deviation in pixels of 32; noise: in units of the whole range."""
    random = np.random.default_rng(1)
    read = []
    for scene, image in scenes(200):
        worse = ndimage.gaussian_filter(image, (0, blur, blur))
        worse = np.clip(worse + noise * random.standard_normal(image.shape), 0, 1)
        read.append(seen(worse) == shown(scene))
    assert np.mean(read) >= share


def test_nothing_is_seen_where_nothing_is():
    random = np.random.default_rng(2)
    for level in np.linspace(0, 1, 11):
        assert seen(np.full((3, 32, 32), level)) == []
    for _ in range(50):
        assert seen(random.random((3, 32, 32))) == []
    red = np.zeros((3, 32, 32))
    red[0] = 1
    assert seen(red) == []


def test_blobs_that_are_no_shape_are_no_object():
    canvas = np.full((3, 32, 32), 0.5)
    canvas[:, 4:7, 4:28] = 1.0  # a bar
    canvas[:, 20:22, 20:22] = 0.0  # a speck
    assert seen(canvas) == []


def test_two_shapes_that_melt_into_one_are_not_two():
    objects = (
        SceneObject("square", "red", 0.3, 0.5, 0.15),
        SceneObject("square", "red", 0.55, 0.5, 0.15),
    )
    assert ("square", "red") not in seen(render(Scene(0.5, objects), 32) / 255)


@pytest.mark.parametrize("shape", SHAPES)
def test_mass_and_centre_are_those_of_the_rendered_shape(shape):
    share = coverage(SceneObject(shape, "red", 0.5, 0.5, 0.4), 128)
    assert share.sum() == pytest.approx(MASS[shape] * (0.8 * 128) ** 2, rel=0.01)
    lower = (ndimage.center_of_mass(share)[0] + 0.5) / 128 - 0.5
    assert lower == pytest.approx(LOWER[shape] * 0.4, abs=0.005)
