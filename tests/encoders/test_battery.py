import subprocess
import sys

import pytest
import torch
from torch.nn import functional

from rdm_pipeline.encoders import battery
from rdm_pipeline.encoders.battery import build_encoder, build_network, initial_weights, resize
from rdm_pipeline.encoders.folding import fold_batch_norm
from rdm_pipeline.errors import RdmError
from tests.encoders.networks import FAMILIES, network

PER_CHANNEL = ("pixels", "scattering")


def encoder_and_images(
    family: str, channels: int, size: int
) -> tuple[torch.nn.Module, torch.Tensor]:
    dim = network(family).dim * (channels if family in PER_CHANNEL else 1)
    row = network(family, dim=dim)
    weights = initial_weights(row, channels)
    images = torch.rand(3, channels, size, size, generator=torch.Generator().manual_seed(0))
    return build_encoder(row, channels, size, weights), images


@pytest.mark.parametrize("channels, size", [(1, 28), (3, 32)])
@pytest.mark.parametrize("family", FAMILIES)
def test_features_are_raw_float32_rows_of_the_declared_dimension(family, channels, size):
    encoder, images = encoder_and_images(family, channels, size)
    features = encoder(images)
    assert features.dtype == torch.float32
    assert features.shape == (3, network(family).dim * (channels if family in PER_CHANNEL else 1))
    assert torch.isfinite(features).all()
    assert (features[0] - features[1]).abs().max() > 1e-3


@pytest.mark.parametrize("family", FAMILIES)
def test_gradients_flow_to_the_images_and_to_nothing_else(family):
    encoder, images = encoder_and_images(family, channels=1, size=28)
    encoder(images.requires_grad_()).square().sum().backward()
    assert images.grad is not None and images.grad.abs().sum() > 0
    assert not any(p.requires_grad or p.grad is not None for p in encoder.parameters())


def test_the_image_gradient_is_the_derivative_of_the_features():
    encoder, images = encoder_and_images("convnet", channels=1, size=32)
    encoder.double()
    images = images.double().requires_grad_()
    direction = torch.randn_like(images)
    (gradient,) = torch.autograd.grad(encoder(images).square().sum(), images)
    with torch.no_grad():
        ahead = encoder(images + 1e-6 * direction).square().sum()
        behind = encoder(images - 1e-6 * direction).square().sum()
    torch.testing.assert_close(
        (gradient * direction).sum(), (ahead - behind) / 2e-6, rtol=1e-4, atol=0
    )


def test_the_features_of_an_image_do_not_depend_on_the_rest_of_the_batch():
    encoder, images = encoder_and_images("convnet", channels=1, size=28)
    assert not encoder.training
    torch.testing.assert_close(encoder(images)[:1], encoder(images[:1]))


def test_another_resolution_is_reached_by_an_antialiased_bicubic_resize():
    images = torch.rand(2, 3, 64, 64)
    expected = functional.interpolate(images, size=28, mode="bicubic", antialias=True)
    torch.testing.assert_close(resize(images, 28), expected)
    assert resize(images, 64) is images


def test_a_fixed_transform_takes_no_weights():
    assert initial_weights(network("pixels"), 1) == {}
    encoder = build_encoder(network("pixels"), 1, 28, None)
    images = torch.rand(2, 1, 28, 28)
    torch.testing.assert_close(encoder(images), images.flatten(1))
    with pytest.raises(RdmError, match="unexpected: bias"):
        build_encoder(network("scattering"), 1, 28, {"bias": torch.zeros(1)})


@pytest.mark.parametrize(
    "change, complaint",
    [
        (lambda w: w.pop("head.bias"), "missing: head.bias$"),
        (lambda w: w.update(tail=torch.zeros(1)), "unexpected: tail$"),
        (lambda w: w.update({"head.bias": torch.zeros(7)}), "of another shape: head.bias$"),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_name(change, complaint):
    weights = initial_weights(network("convnet"), 1)
    change(weights)
    with pytest.raises(RdmError, match=complaint):
        build_encoder(network("convnet"), 1, 28, weights)


def test_no_weights_for_a_network_that_needs_them_is_an_error():
    with pytest.raises(RdmError, match=r"missing: .* and \d+ more$"):
        build_encoder(network("convnet"), 1, 28, None)


def test_a_wrong_dimension_is_refused_with_both_numbers():
    with pytest.raises(RdmError, match="found 784, pixels gives 2352 for 3-channel images"):
        build_encoder(network("pixels"), 3, 28, None)


def test_encoders_of_one_input_size_share_a_resize_and_change_no_value_or_gradient(monkeypatch):
    sizes = {"a": 28, "b": 28, "c": 32, "d": 28}
    encoders, images = {}, torch.rand(3, 1, 20, 20).requires_grad_()
    for seed, (name, size) in enumerate(sizes.items()):
        row = network("convnet", resolution=size, seed=seed)
        encoders[name] = build_encoder(row, 1, 20, initial_weights(row, 1))
    alone = {name: encoder(images) for name, encoder in encoders.items()}
    (expected,) = torch.autograd.grad(sum(f.square().sum() for f in alone.values()), images)
    made = []

    def counted(images: torch.Tensor, resolution: int) -> torch.Tensor:
        if images.shape[-1] != resolution:
            made.append(resolution)
        return resize(images, resolution)

    monkeypatch.setattr(battery, "resize", counted)
    shared = battery.encode(encoders, images)
    (gradient,) = torch.autograd.grad(sum(f.square().sum() for f in shared.values()), images)
    assert sorted(made) == [28, 32]
    assert list(shared) == list(alone)
    torch.testing.assert_close(shared, alone)
    torch.testing.assert_close(gradient, expected)


def test_half_precision_is_used_inside_and_not_handed_out():
    row = network("convnet", precision="bfloat16")
    encoder = build_encoder(row, 1, 28, initial_weights(row, 1))
    exact = build_encoder(network("convnet"), 1, 28, initial_weights(row, 1))
    seen = []
    encoder.module.head.register_forward_hook(lambda *told: seen.append(told[2].dtype))
    images = torch.rand(3, 1, 28, 28, requires_grad=True)
    features = encoder(images)
    features.sum().backward()
    assert seen == [torch.bfloat16]
    assert features.dtype == images.grad.dtype == torch.float32
    assert not torch.equal(features, exact(images))
    torch.testing.assert_close(features, exact(images), rtol=0.05, atol=0.05)


@pytest.mark.parametrize(
    "family, change, complaint",
    [
        ("convnet", {"source": "resnet"}, "a convnet is named like"),
        ("convnet", {"pool": "cls"}, "a convnet takes avg or flatten"),
        ("vit", {"source": "vit_big"}, "a vit is named like"),
        ("vit", {"pool": "attn"}, "a vit takes avg or cls"),
        ("vit", {"resolution": 30}, "found 30, .* a multiple of 7"),
        ("scattering", {"source": "J2"}, "a scattering is named like"),
        ("efficientnet_lite", {"pool": "cls"}, "an efficientnet_lite takes avg"),
    ],
)
def test_a_network_that_cannot_be_built_names_the_key_and_what_is_allowed(
    family, change, complaint
):
    with pytest.raises(RdmError, match=complaint):
        build_network(network(family, **change), 1)


def test_random_weights_follow_the_seed_and_leave_the_global_generator_alone():
    torch.manual_seed(11)
    before = torch.random.get_rng_state()
    first, again = (initial_weights(network("convnet"), 1) for _ in range(2))
    other = initial_weights(network("convnet", seed=4), 1)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["head.weight"], other["head.weight"])


def test_folding_the_batch_norm_keeps_the_function():
    module = build_network(network("convnet"), 1)
    images = torch.rand(64, 1, 28, 28)
    for _ in range(3):
        module.train()(images)  # gives the running statistics values of their own
    module.eval()
    expected = module(images)
    folded = fold_batch_norm(module)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in folded.modules())
    torch.testing.assert_close(folded(images), expected)


def test_importing_the_battery_loads_no_model_library():
    code = (
        "import sys, rdm_pipeline.encoders.battery;"
        "print({'timm', 'torchvision', 'kymatio', 'transformers', 'diffusers', 'dreamsim'}"
        " & set(sys.modules))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == "set()"
