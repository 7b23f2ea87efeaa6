import pytest
import torch
from pydantic import ValidationError

from rdm_pipeline.errors import RdmError
from rdm_pipeline.generators.base import build_generator, load_generator
from rdm_pipeline.params.generators import DecoderSpec

SMALL = DecoderSpec(kind="decoder", latent=8, class_embedding=4, hidden=16, widths=[8, 6, 4])
DEMO = DecoderSpec(kind="decoder", latent=64, class_embedding=64, hidden=512, widths=[48, 24, 8])


def weights(seed: int, spec: DecoderSpec = SMALL) -> dict[str, torch.Tensor]:
    return build_generator(spec, 3, 1, 8, seed).state_dict()


@pytest.mark.parametrize(("channels", "size"), [(1, 28), (3, 32), (1, 4), (3, 64)])
def test_images_have_the_datasets_shape_and_range(channels, size):
    generator = build_generator(SMALL, 5, channels, size, seed=0)
    noise = 1e4 * torch.randn(7, *generator.noise_shape)
    images = generator(noise, torch.arange(7) % 5)
    assert images.shape == (7, channels, size, size)
    assert images.min() >= 0 and images.max() <= 1
    assert images.max() - images.min() > 0.1


def test_the_demos_generator_has_the_size_it_is_documented_with():
    generator = build_generator(DEMO, 10, 1, 28, seed=0)
    assert sum(p.numel() for p in generator.parameters()) == 1_584_505


def test_noise_and_label_both_change_the_image():
    generator = build_generator(SMALL, 3, 1, 8, seed=0)
    noise = torch.randn(2, 8)
    same = generator(noise[[0, 0]], torch.tensor([1, 1]))
    assert torch.equal(same[0], same[1])
    assert not torch.allclose(*generator(noise[[0, 0]], torch.tensor([1, 2])), atol=1e-6)
    assert not torch.allclose(*generator(noise, torch.tensor([1, 1])), atol=1e-6)


def test_an_image_does_not_depend_on_its_batch():
    generator = build_generator(SMALL, 3, 1, 8, seed=0)
    noise, labels = torch.randn(6, 8), torch.arange(6) % 3
    torch.testing.assert_close(generator(noise, labels)[4:5], generator(noise[4:5], labels[4:5]))


def test_weights_depend_on_the_seed_alone():
    torch.manual_seed(1)
    first = weights(seed=5)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    again = weights(seed=5)
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["mlp.0.weight"], weights(seed=6)["mlp.0.weight"])


def test_a_size_that_is_not_a_multiple_of_four_is_refused():
    with pytest.raises(RdmError, match="multiple of 4, the dataset's is 30"):
        build_generator(SMALL, 3, 1, 30, seed=0)


def test_loaded_weights_give_the_same_images():
    generator = build_generator(SMALL, 3, 1, 8, seed=9)
    loaded = load_generator(SMALL, 3, 1, 8, generator.state_dict(), "x")
    noise, labels = torch.randn(4, 8), torch.tensor([0, 1, 2, 0])
    assert torch.equal(generator(noise, labels), loaded(noise, labels))


def test_weights_of_another_architecture_are_refused_with_key_and_shapes():
    other = SMALL.model_copy(update={"hidden": 17})
    with pytest.raises(RdmError) as caught:
        load_generator(SMALL, 3, 1, 8, weights(0, other), "start.safetensors")
    message = str(caught.value)
    assert message.startswith("start.safetensors: weights of another architecture")
    assert "mlp.0.bias: found (17,), expected (16,)" in message
    assert "and 2 more" in message and "\n" not in message


@pytest.mark.parametrize("change", ["missing", "extra"])
def test_a_missing_or_an_unknown_key_is_refused(change):
    tensors = weights(0)
    if change == "missing":
        del tensors["embedding.weight"]
        expected = r"embedding.weight: found none, expected \(3,4\)"
    else:
        tensors["norm.weight"] = torch.ones(2)
        expected = r"norm.weight: found \(2,\), expected none"
    with pytest.raises(RdmError, match=expected):
        load_generator(SMALL, 3, 1, 8, tensors, "x")


@pytest.mark.parametrize("widths", [[8, 6], [8, 6, 4, 2], [8, 6, 0]])
def test_a_decoder_has_three_positive_widths(widths):
    with pytest.raises(ValidationError, match="widths"):
        DecoderSpec.model_validate({**SMALL.model_dump(), "widths": widths})
