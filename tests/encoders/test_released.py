"""The encoders of the paper's panel, small and at random weights, against their own libraries."""

from typing import Any

import pytest
import torch

from rdm_pipeline.encoders.battery import build_encoder, build_network, initial_weights, resize
from rdm_pipeline.encoders.released import Normalise
from rdm_pipeline.errors import RdmError
from tests.encoders.released import (
    ROWS,
    TIMM,
    full_network,
    small_encoder,
    small_network,
    some_images,
)

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CLIP = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
HALF = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
CONSTANTS = {
    "convnext": IMAGENET,
    "mae": IMAGENET,
    "clip": CLIP,
    "dinov3_l": IMAGENET,
    "pe_core_l": HALF,
    "siglip2": HALF,
    "aimv2_huge": CLIP,
    "webssl_dino_1b": IMAGENET,
    "dinov2": IMAGENET,
    "siglip_v1": HALF,
    "cradiov3_l": CLIP,
    "flux_vae": HALF,
}


def prepared(name: str, images: torch.Tensor, resolution: int) -> torch.Tensor:
    """What the network itself should be given."""
    mean, std = (torch.tensor(c).view(3, 1, 1) for c in CONSTANTS[name])
    return (resize(images, resolution) - mean) / std


@pytest.mark.parametrize("name", ROWS)
def test_features_are_float32_rows_of_the_declared_dimension_and_depend_on_the_image(name):
    encoder, network = small_encoder(name), small_network(name)
    with torch.no_grad():
        features = encoder(some_images())
    assert features.dtype == torch.float32
    assert features.shape == (2, network.dim)
    assert torch.isfinite(features).all()
    assert (features[0] - features[1]).norm() > 1e-3 * features[0].norm() > 0


@pytest.mark.parametrize("name", ROWS)
def test_the_gradient_of_the_features_reaches_the_image(name):
    encoder, images = small_encoder(name), some_images().requires_grad_()
    features = encoder(images)
    (features / features.detach().norm()).square().sum().backward()
    assert images.grad is not None and images.grad.dtype == torch.float32
    assert torch.isfinite(images.grad).all()
    per_image = images.grad.abs().amax((1, 2, 3))
    assert (per_image > 1e-7).all(), per_image
    assert not any(p.requires_grad for p in encoder.parameters())


@pytest.mark.parametrize("name", ROWS)
def test_the_full_network_has_the_dimension_of_the_panel(name):
    network = full_network(name)
    with torch.device("meta"):
        module = build_network(network, 3).eval()
        features = module(torch.empty(2, 3, network.resolution, network.resolution))
    assert features.shape == (2, network.dim)


@pytest.mark.parametrize("name", TIMM)
def test_a_model_of_timm_is_pooled_as_the_panel_says(name):
    encoder = small_encoder(name, precision="float32")
    model: Any = encoder.module.model
    with torch.no_grad():
        tokens = model.forward_features(prepared(name, some_images(), encoder.resolution))
        expected = {
            "convnext": lambda: tokens.flatten(2).sum(2) / (7 * 7),
            "mae": lambda: tokens[:, 1:].sum(1) / 14**2,
            "clip": lambda: tokens[:, 0],
            "dinov3_l": lambda: tokens[:, 0],
            "pe_core_l": lambda: attention_pool(model.attn_pool, tokens),
            "siglip2": lambda: attention_pool(model.attn_pool, tokens),
            "aimv2_huge": lambda: tokens.sum(1) / 16**2,
            "dinov2": lambda: tokens[:, 0],
            "siglip_v1": lambda: attention_pool(model.attn_pool, tokens),
        }[name]()
        torch.testing.assert_close(encoder(some_images()), expected, rtol=1e-4, atol=1e-5)


def attention_pool(pool: Any, tokens: torch.Tensor) -> torch.Tensor:
    """One latent query attends to all tokens, then a residual MLP (Lee et al. 2019)."""
    heads = pool.num_heads

    def split(x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(-1, (heads, -1)).transpose(1, 2)

    query = split(pool.q(pool.latent.expand(len(tokens), -1, -1)))
    key, value = (split(x) for x in pool.kv(tokens).chunk(2, -1))
    weights = (query @ key.mT / query.shape[-1] ** 0.5).softmax(-1)
    pooled = pool.proj((weights @ value).transpose(1, 2).flatten(2))
    return (pooled + pool.mlp(pool.norm(pooled)))[:, 0]


def test_the_patches_of_a_256_px_image_are_whole_ones_of_14_px():
    encoder = small_encoder("dinov2")
    images = some_images(256).requires_grad_()
    encoder(images).square().sum().backward()
    assert encoder.module.model.patch_embed.grid_size == (18, 18)
    assert images.grad[..., 252:].abs().max() == 0 and images.grad[..., 251].abs().max() > 0


def test_tokens_of_vision_transformers_are_pooled_after_the_last_norm():
    for name in TIMM:
        if name != "convnext":
            model: Any = small_encoder(name).module.model
            assert not isinstance(model.norm, torch.nn.Identity), name


def test_radio_concatenates_the_tokens_that_the_release_lists():
    network = small_network("cradiov3_l", precision="float32")
    weights = {**initial_weights(network, 3), "summary": torch.tensor([4, 0, 2])}
    encoder = build_encoder(network, 3, 64, weights)
    with torch.no_grad():
        images = prepared("cradiov3_l", some_images(), 256)
        tokens = encoder.module.model.forward_features(images)
        expected = torch.cat([tokens[:, 4], tokens[:, 0], tokens[:, 2]], 1)
        torch.testing.assert_close(encoder(some_images()), expected)
    assert tokens.shape[1] == 8 + 16**2  # teachers' class tokens and registers before the patches


def test_web_ssl_is_read_out_by_its_class_token():
    encoder = small_encoder("webssl_dino_1b", precision="float32")
    with torch.no_grad():
        images = prepared("webssl_dino_1b", some_images(), 224)
        tokens = encoder.module.model(images).last_hidden_state
        torch.testing.assert_close(encoder(some_images()), tokens[:, 0])
    assert tokens.shape[1] == 1 + 16**2


def test_the_latent_mean_is_averaged_over_patches_of_four():
    encoder = small_encoder("flux_vae")
    with torch.no_grad():
        moments = encoder.module.vae.encoder(prepared("flux_vae", some_images(), 256))
        mean = moments[:, :16]
        assert mean.shape == (2, 16, 32, 32)
        patches = mean.reshape(2, 16, 8, 4, 8, 4).sum((3, 5)) / 16
        torch.testing.assert_close(encoder(some_images()), patches.flatten(1))


def test_inception_computes_what_its_library_does_for_bytes():
    network = small_network("inception", resolution=299)
    module = build_network(network, 3).eval()
    pixels = torch.randint(256, (1, 3, 299, 299), dtype=torch.uint8)
    library = module.network
    library.fc = torch.nn.Linear(2048, 1008)  # dropped here, unused for these features
    with torch.no_grad():
        (expected,) = library(pixels)
        # random weights: a feature may be 1e-13, and the largest 1e-7, so the set's length decides
        assert (module(pixels / 255) - expected).norm() <= 1e-5 * expected.norm()


def test_a_grey_image_is_seen_as_colour():
    normalise = Normalise(*CLIP)
    grey = torch.rand(2, 1, 4, 4)
    torch.testing.assert_close(normalise(grey), normalise(grey.expand(-1, 3, -1, -1)))


@pytest.mark.parametrize(
    "name, changes, complaint",
    [
        ("mae", {"pool": "attn"}, "found attn, vit_large_patch16_224.mae takes avg or cls$"),
        ("inception", {"pool": "cls"}, "found cls, inception_v3_tf_fid takes avg$"),
        ("webssl_dino_1b", {"pool": "avg"}, "found avg, .* takes cls$"),
        ("dreamsim", {"pool": "avg"}, "found avg, ensemble takes cls$"),
        ("cradiov3_l", {"pool": "cls"}, "found cls, .* takes summary$"),
        ("flux_vae", {"pool": "avg"}, "found avg, .* takes patch_mean$"),
        ("clip", {"source": "vit_none"}, "found 'vit_none', timm has no such model$"),
    ],
)
def test_a_network_that_cannot_be_built_names_the_key_and_what_is_allowed(name, changes, complaint):
    with pytest.raises(RdmError, match=complaint):
        build_network(small_network(name, **changes), 3)


def test_a_package_that_is_not_installed_is_named_with_the_extra_that_has_it(monkeypatch):
    def absent(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr("rdm_pipeline.packages.importlib.import_module", absent)
    for name, package in (("webssl_dino_1b", "transformers"), ("flux_vae", "diffusers")):
        with pytest.raises(RdmError, match=rf"package {package} is not installed; .*\[paper\]"):
            build_network(small_network(name), 3)
