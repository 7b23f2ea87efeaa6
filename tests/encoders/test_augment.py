import pytest
import torch

from rdm_pipeline.encoders.augment import random_view


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("shape", [(1, 28), (3, 32)])
def test_views_keep_the_shape_and_the_range(shape):
    channels, size = shape
    images = torch.rand(16, channels, size, size)
    view = random_view(images, crop=0.3, jitter=0.5)
    assert view.shape == images.shape
    assert view.min() >= 0 and view.max() <= 1


def test_a_view_of_no_strength_is_the_image_or_its_mirror():
    images = torch.rand(32, 1, 28, 28)
    view = random_view(images, crop=1, jitter=0)
    same = (view - images).abs().amax((1, 2, 3)) < 1e-4
    mirrored = (view - images.flip(3)).abs().amax((1, 2, 3)) < 1e-4
    assert (same ^ mirrored).all()
    assert same.any() and mirrored.any()


def test_every_image_of_a_batch_gets_a_view_of_its_own():
    images = torch.rand(1, 1, 28, 28).expand(8, -1, -1, -1)
    view = random_view(images, crop=0.5, jitter=0.2).flatten(1)
    distances = torch.cdist(view, view) + torch.eye(8)
    assert distances.min() > 1e-2


def test_the_largest_crop_sets_how_far_the_view_zooms_in():
    ramp = torch.linspace(0, 1, 100).expand(256, 1, 100, 100)
    view = random_view(ramp, crop=0.25, jitter=0)
    shown = view.amax((1, 2, 3)) - view.amin((1, 2, 3))
    assert shown.min() > 0.49 and shown.min() < 0.55 and shown.max() > 0.95
