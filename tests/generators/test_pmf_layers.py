import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rdm_pipeline.generators.pmf_layers import (
    Attention,
    RmsNorm,
    ScalarEmbedding,
    SwiGlu,
    rotary_angles,
    rotate,
    swiglu_width,
)
from tests.generators import plain_pmf as plain

CPU = torch.device("cpu")


def randomised(layer: torch.nn.Module) -> torch.nn.Module:
    torch.manual_seed(0)
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return layer.requires_grad_(False)


def assert_near(found: torch.Tensor, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found.numpy(), expected, rtol=2e-5, atol=2e-5)


def named(layer: torch.nn.Module) -> dict[str, np.ndarray]:
    return {f"x.{name}": value for name, value in plain.arrays(layer).items()}


@given(st.integers(1, 20), st.floats(-6, 6))
def test_rms_norm_is_its_formula_at_every_magnitude(width, exponent):
    layer = randomised(RmsNorm(width))
    x = 10**exponent * torch.randn(3, width)
    expected = plain.rms_norm(x.double().numpy(), layer.weight.double().numpy())
    assert_near(layer(x), expected)


def test_rms_norm_of_narrow_numbers_is_that_of_float32_rounded_once():
    layer = randomised(RmsNorm(64))
    x = torch.randn(5, 64).bfloat16()
    assert torch.equal(layer(x), layer(x.float()).bfloat16())


def test_swiglu_is_its_formula():
    layer, x = randomised(SwiGlu(12)), torch.randn(4, 12)
    assert_near(layer(x), plain.swiglu(named(layer), "x", x.double().numpy()))


@pytest.mark.parametrize(
    ("width", "hidden"), [(512, 1365), (768, 2048), (1024, 2730), (1280, 3416), (1536, 4096)]
)
def test_swiglus_hidden_width_is_rounded_up_above_1024_only(width, hidden):
    assert swiglu_width(width) == hidden


@settings(deadline=None)
@given(st.floats(0, 1, width=32))
def test_a_scalars_embedding_is_its_formula(value):
    layer = randomised(ScalarEmbedding(8))
    found = layer(torch.tensor([value]))
    assert_near(found[0], plain.scalar_embedding(named(layer), "x", value))


@pytest.mark.parametrize(("side", "head_width", "prefix"), [(3, 8, 2), (4, 80, 20), (1, 4, 0)])
def test_rotary_position_turns_pairs_of_channels_by_row_and_column(side, head_width, prefix):
    x = torch.randn(2, prefix + side**2, head_width)
    rotated = rotate(x, rotary_angles(side, head_width, prefix, CPU))
    assert torch.equal(rotated[:, :prefix], x[:, :prefix])
    for patch in range(side**2):
        for found, vector in zip(rotated[:, prefix + patch], x[:, prefix + patch], strict=True):
            row, column = divmod(patch, side)
            assert_near(found, plain.rotate_patch(vector.double().numpy(), row, column))


def test_rotated_products_depend_on_the_distance_between_patches_alone():
    side = 4
    rotation = rotary_angles(side, 8, 0, CPU)
    query, key = (rotate(torch.randn(8).expand(side**2, 8), rotation) for _ in range(2))
    products = (query @ key.T).view(side, side, side, side)
    torch.testing.assert_close(products[:-1, 1:, :-1, 1:], products[1:, :-1, 1:, :-1])
    assert not torch.allclose(products[0, 0, 0, 1], products[0, 0, 1, 0])


def test_attention_is_the_plain_softmax_formula():
    layer, x = randomised(Attention(16, 2)), torch.randn(1, 13, 16)
    rotation = rotary_angles(3, 8, 4, CPU)
    expected = plain.attention(named(layer), "x", x[0].double().numpy(), 2, 4, 3)
    assert_near(layer(x, rotation)[0], expected)


def test_attention_of_narrow_numbers_takes_the_softmax_in_float32():
    torch.manual_seed(0)
    # large logits over many keys: a softmax in bfloat16 is off by several of its roundings
    q, k, v = (scale * torch.randn(2, 4, 256, 64) for scale in (2, 2, 1))
    q, k, v = (x.bfloat16() for x in (q, k, v))
    shares = (q.float() @ k.float().mT / 8).softmax(-1)
    expected = shares @ v.float()
    narrow = ((q @ k.mT / 8).softmax(-1) @ v).float()
    found = torch.nn.functional.scaled_dot_product_attention(q, k, v).float()
    error, narrow_error = (float((x - expected).norm()) for x in (found, narrow))
    assert error < 0.01 * float(expected.norm())
    assert error < 0.7 * narrow_error
