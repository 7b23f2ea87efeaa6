from itertools import pairwise

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from rdm_pipeline.errors import RdmError
from rdm_pipeline.generators.base import build_generator, load_generator
from rdm_pipeline.generators.pmf import Pmf
from rdm_pipeline.params.generators import SIZES, PmfSize, PmfSpec
from tests.generators import plain_pmf as plain
from tests.generators.plain_pmf import CHANNELS, CLASSES, SIZE, TINY, tiny


def spec(**changes) -> PmfSpec:
    return PmfSpec.model_validate({**TINY.model_dump(), **changes})


def noise_and_labels(count: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(2)
    noise = torch.randn(count, CHANNELS, SIZE, SIZE, generator=generator)
    return noise, torch.arange(count) % CLASSES


def published(size: str) -> Pmf:
    """A network of a published size without memory for its tensors."""
    with torch.device("meta"):
        return Pmf(spec(size=size, patch=16), 1000, 3, 256)


# --- what is stored -----------------------------------------------------------------------------


def expected_keys(shared_blocks: int, u_heads: int) -> set[str]:
    names = ["time_tokens", "class_tokens", "omega_tokens", "t_min_tokens", "t_max_tokens"]
    names += [
        "pos_embed",
        "y_embedder.embedding_table.embedding.weight",
        "u_final_layer.norm.weight",
    ]
    biased = ["x_embedder.proj1", "x_embedder.proj2", "u_final_layer.linear.linear"]
    for embedder in ("h", "omega", "cfg_t_start", "cfg_t_end"):
        biased += [f"{embedder}_embedder.mlp.{layer}.linear" for layer in (0, 2)]
    names += [f"{name}.{part}" for name in biased for part in ("weight", "bias")]
    blocks = [f"shared_blocks.{i}" for i in range(shared_blocks)]
    for block in blocks + [f"u_heads.{i}" for i in range(u_heads)]:
        names += [f"{block}.norm1.weight", f"{block}.norm2.weight"]
        names += [f"{block}.attn.{x}_proj.linear.weight" for x in ("q", "k", "v", "out")]
        names += [f"{block}.attn.q_norm.weight", f"{block}.attn.k_norm.weight"]
        names += [f"{block}.mlp.{x}.linear.weight" for x in ("w1", "w2", "w3")]
        names += [f"{block}.attn_scale", f"{block}.mlp_scale"]
    return {f"net.{name}" for name in names}


# blocks, width, attention heads and bottleneck of the published table; T has 8 heads all the same
TABLE = {
    "T": (0, 512, 8, 128),
    "B": (8, 768, 12, 128),
    "M": (16, 768, 12, 128),
    "L": (24, 1024, 16, 128),
    "H": (40, 1280, 16, 256),
    "XL": (40, 1024, 16, 256),
}


@pytest.mark.parametrize("size", SIZES)
def test_every_published_size_has_the_published_keys_and_makes_an_image(size):
    model = published(size)
    shared, width, heads, bottleneck = TABLE[size]
    weights = model.state_dict()
    assert set(weights) == expected_keys(shared, 8)
    assert weights["net.u_heads.7.attn.q_norm.weight"].shape == (width // heads,)
    assert weights["net.x_embedder.proj2.weight"].shape == (width, bottleneck, 1, 1)
    labels = torch.zeros(2, dtype=torch.int64, device="meta")
    images = model(torch.empty(2, 3, 256, 256, device="meta"), labels)
    assert images.shape == (2, 3, 256, 256)


def test_h_has_the_published_shapes_and_number_of_parameters():
    weights = published("H").state_dict()
    shapes = {
        "class_tokens": (8, 1280),
        "omega_tokens": (4, 1280),
        "t_min_tokens": (2, 1280),
        "t_max_tokens": (2, 1280),
        "time_tokens": (4, 1280),
        "pos_embed": (1, 276, 1280),
        "x_embedder.proj1.weight": (256, 3, 16, 16),
        "h_embedder.mlp.0.linear.weight": (1280, 256),
        "y_embedder.embedding_table.embedding.weight": (1001, 1280),
        "shared_blocks.39.mlp.w1.linear.weight": (3416, 1280),
        "shared_blocks.39.attn_scale": (1280,),
        "u_final_layer.linear.linear.weight": (768, 1280),
    }
    assert {name: tuple(weights[f"net.{name}"].shape) for name in shapes} == shapes
    assert round(sum(w.numel() for w in weights.values()) / 1e6, 1) == 955.5


# --- what is computed ---------------------------------------------------------------------------


@torch.no_grad()
def test_the_network_is_the_documents_formulas():
    model, (noise, labels) = tiny(), noise_and_labels()
    guidance = (0.7, 4.0, 0.1, 0.9)
    found = model.net(noise, *guidance, labels)
    for image, x, label in zip(found, noise, labels, strict=True):
        expected = plain.denoise(
            plain.arrays(model), TINY, x.double().numpy(), *guidance, int(label)
        )
        np.testing.assert_allclose(image.numpy(), expected, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_one_step_is_noise_minus_its_velocity_as_an_image():
    model, (noise, labels) = tiny(), noise_and_labels()
    scaled = 2.0 * noise
    velocity = (scaled - model.net(scaled, 1.0, 7.0, 0.2, 0.6, labels)) / 1.0
    expected = ((scaled - velocity) / 2 + 1 / 2).clamp(0, 1)
    torch.testing.assert_close(model(noise, labels), expected)
    assert 0.2 < ((expected > 0) & (expected < 1)).float().mean() < 0.98, "both bounds are at work"


@torch.no_grad()
@pytest.mark.parametrize("steps", [2, 25])  # the last of 25 is at t = 0.04
def test_several_steps_follow_the_velocity_from_one_to_zero(steps):
    model, (noise, labels) = tiny(spec(steps=steps)), noise_and_labels()
    x = 2.0 * noise
    for t, later in pairwise(np.linspace(1, 0, steps + 1).tolist()):
        h = t - later
        u = (x - model.net(x, h, 7.0, 0.2, 0.6, labels)) / min(max(t, 0.05), 1)
        x = x - h * u
    expected = (x / 2 + 0.5).clamp(0, 1)
    torch.testing.assert_close(model(noise, labels), expected, rtol=1e-4, atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize(
    "change",
    [{"cfg": 3.0}, {"interval": [0.3, 0.6]}, {"interval": [0.2, 0.5]}, {"noise_scale": 1.0}],
)
def test_guidance_and_the_scale_of_the_noise_reach_the_image(change):
    noise, labels = noise_and_labels()
    difference = tiny()(noise, labels) - tiny(spec(**change))(noise, labels)
    assert float(difference.abs().max()) > 1e-4  # ten times what the formulas are compared to


@torch.no_grad()
def test_an_image_depends_on_its_label_and_on_no_other_image():
    model, (noise, labels) = tiny(), noise_and_labels()
    images = model(noise, labels)
    torch.testing.assert_close(images[1:2], model(noise[1:2], labels[1:2]))
    assert (images[1:2] - model(noise[1:2], labels[1:2] + 1)).abs().max() > 1e-3


@torch.no_grad()
def test_in_bfloat16_the_images_are_nearly_the_same():
    noise, labels = noise_and_labels()
    images = tiny()(noise, labels)
    narrow = tiny().bfloat16()(noise.bfloat16(), labels)
    assert narrow.dtype == torch.float32, "what cancels is kept wide"
    assert (narrow - images).abs().mean() < 0.02 < images.std() / 10


def test_a_size_that_patches_do_not_fill_is_refused():
    with pytest.raises(RdmError, match=r"patch: found 4, allowed: a divisor .* size 30"):
        build_generator(TINY, CLASSES, CHANNELS, 30, seed=0)


# --- gradients ----------------------------------------------------------------------------------


def gradients(model: Pmf) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Return the gradient of a sum of squares in the noise, and in the parameters by name."""
    noise, labels = noise_and_labels()
    model(noise.requires_grad_(), labels).square().sum().backward()
    return noise.grad, {name: p.grad for name, p in model.named_parameters()}


def test_the_gradient_reaches_the_noise_of_several_steps_and_every_parameter():
    noise, parameters = gradients(tiny(spec(steps=2)))
    assert noise.abs().amax(dim=(1, 2, 3)).min() > 0
    assert [name for name, grad in parameters.items() if not grad.abs().max() > 0] == []


def test_at_one_step_the_noise_reaches_the_image_through_the_network_alone():
    noise, _ = gradients(tiny())
    assert noise.abs().amax(dim=(1, 2, 3)).min() > 0


def test_gradient_checkpointing_computes_blocks_twice_and_the_same_gradients():
    plain_noise, kept = gradients(tiny())
    model = tiny(spec(gradient_checkpointing=True))
    calls = []
    for block in (*model.net.shared_blocks, *model.net.u_heads):
        block.register_forward_pre_hook(lambda module, _: calls.append(module))
    noise, again = gradients(model)
    assert len(calls) == 2 * 3
    torch.testing.assert_close(noise, plain_noise)
    torch.testing.assert_close(again, kept)
    with torch.no_grad():
        model(*noise_and_labels())
    assert len(calls) == 2 * 3 + 3


# --- building and loading -----------------------------------------------------------------------


def test_random_weights_depend_on_the_seed_alone_and_give_images():
    first, again, other = (build_generator(TINY, CLASSES, 3, 12, seed) for seed in (5, 5, 6))
    weights, repeated = first.state_dict(), again.state_dict()
    assert all(torch.equal(weights[name], repeated[name]) for name in weights)
    assert not torch.equal(first.net.pos_embed, other.net.pos_embed)
    assert first(*noise_and_labels()).std() > 0.01


def test_loaded_weights_give_the_same_images_in_float32():
    model, inputs = tiny(), noise_and_labels()
    loaded = load_generator(TINY, CLASSES, CHANNELS, SIZE, model.state_dict(), "x")
    assert torch.equal(model(*inputs), loaded(*inputs))
    narrow = {name: value.half() for name, value in model.state_dict().items()}
    loaded = load_generator(TINY, CLASSES, CHANNELS, SIZE, narrow, "x")
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}
    assert all(p.requires_grad for p in loaded.parameters())


# --- parameters ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": "XXL"}, "T, B, M, L, H, XL or a mapping of shared_blocks"),
        (
            {"size": {**TINY.size.model_dump(), "width": 20}},
            "a multiple of 4 x attention_heads = 8",
        ),
        ({"size": {**TINY.size.model_dump(), "u_heads": 0}}, "greater than 0"),
        ({"interval": [0.6, 0.2]}, "ascending"),
        ({"interval": [0.2, 1.2]}, "less than or equal to 1"),
        ({"cfg": 0.5}, "greater than or equal to 1"),
        ({"noise_scale": 0.0}, "greater than 0"),
    ],
)
def test_a_specification_out_of_range_is_refused(change, message):
    with pytest.raises(ValidationError, match=message):
        spec(**change)


def test_a_size_by_name_is_kept_as_its_numbers():
    named = spec(size="H")
    assert named.size == PmfSize(
        shared_blocks=40, u_heads=8, width=1280, attention_heads=16, bottleneck=256
    )
    assert PmfSpec.model_validate(named.model_dump()) == named
