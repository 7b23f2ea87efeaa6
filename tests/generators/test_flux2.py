"""FLUX.2 as a one-step generator: its sampler is diffusers', and gradients come through."""

import pytest
import torch

from rdm_pipeline.errors import RdmError
from rdm_pipeline.generators.base import build_generator, load_generator
from rdm_pipeline.packages import paper_package
from tests.generators.flux2 import CHANNELS, DIM, LENGTH, SIZE, TINY, inputs, tiny


def pipeline(model):
    """Diffusers' own pipeline around the model's parts, with the published scheduler's settings."""
    diffusers = paper_package("diffusers")
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler(
        shift=3.0, use_dynamic_shifting=True, time_shift_type="exponential"
    )
    made = diffusers.Flux2KleinPipeline(
        scheduler, model.vae, None, None, model.transformer, is_distilled=True
    )
    made.set_progress_bar_config(disable=True)
    return made


@pytest.mark.parametrize("steps", [1, 4])
def test_images_are_those_of_diffusers_pipeline(steps):
    model, (noise, contexts) = tiny(steps=steps), inputs()
    expected = pipeline(model)(
        prompt_embeds=contexts,
        latents=noise,
        height=SIZE,
        width=SIZE,
        num_inference_steps=steps,
        output_type="pt",
    ).images
    with torch.no_grad():
        found = model(noise, contexts)
    assert found.shape == (3, CHANNELS, SIZE, SIZE)
    assert found.min() >= 0 and found.max() <= 1 and found.std() > 0.01
    torch.testing.assert_close(found, expected)


def test_one_step_subtracts_the_velocity_at_pure_noise():
    model, (noise, contexts) = tiny(), inputs()
    with torch.no_grad():
        velocity = model.velocity(noise, torch.ones(3), contexts)
        assert torch.equal(model(noise, contexts), model.decode(noise - velocity))


@pytest.mark.parametrize("steps", [1, 3])
def test_gradient_reaches_every_weight_of_the_transformer_and_none_of_the_vae(steps):
    model, (noise, contexts) = tiny(steps=steps), inputs()
    model.train()(noise, contexts).square().mean().backward()
    for name, parameter in model.transformer.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name
    assert all(parameter.grad is None for parameter in model.vae.parameters())
    assert not model.vae.training


def test_checkpointing_leaves_images_and_gradients_as_they_were():
    noise, contexts = inputs()
    results = []
    for checkpointing in (False, True):
        model = tiny(gradient_checkpointing=checkpointing, steps=2).train()
        images = model(noise, contexts)
        images.square().mean().backward()
        results.append((images, [p.grad for p in model.transformer.parameters()]))
    (plain, plain_gradients), (again, gradients) = results
    assert torch.equal(plain, again)
    for a, b in zip(plain_gradients, gradients, strict=True):
        assert torch.equal(a, b)


def test_checkpointing_computes_each_block_again():
    noise, contexts = inputs()
    passes = []
    for checkpointing in (False, True):
        model = tiny(gradient_checkpointing=checkpointing).train()
        blocks = [
            *model.transformer.transformer_blocks,
            *model.transformer.single_transformer_blocks,
        ]
        seen: list[int] = []
        for number, block in enumerate(blocks):
            block.register_forward_pre_hook(
                lambda *_, number=number, seen=seen: seen.append(number)
            )
        model(noise, contexts).mean().backward()
        passes.append(sorted(seen))
    assert passes == [[0, 1, 2, 3], [0, 0, 1, 1, 2, 2, 3, 3]]


def test_latents_that_were_encoded_decode_at_the_same_scale():
    model = tiny()
    images = torch.rand(2, CHANNELS, SIZE, SIZE)
    with torch.no_grad():
        latents = model.encode(images)
        direct = model.vae.decode(model.vae.encode(2 * images - 1).latent_dist.mean).sample
        torch.testing.assert_close(model.decode(latents), (direct / 2 + 0.5).clamp(0, 1))
    assert latents.shape[1:] == model.noise_shape


@pytest.mark.parametrize("shape", [(LENGTH + 1, DIM), (LENGTH, DIM + 1)])
def test_contexts_of_another_length_or_width_are_refused(shape):
    noise, _ = inputs()
    with pytest.raises(RdmError, match=r"takes \(5, 12\): generator.context_length"):
        tiny()(noise, torch.zeros(3, *shape))


def test_an_image_that_tokens_do_not_fill_is_refused():
    with pytest.raises(RdmError, match="one token covers 4 x 4 pixels"):
        build_generator(TINY, 0, CHANNELS, 18, seed=0)


def test_weights_load_strictly_and_a_wrong_key_is_named():
    model, (noise, contexts) = tiny(), inputs()
    weights = model.state_dict()
    again = load_generator(TINY, 0, CHANNELS, SIZE, weights, "here.safetensors")
    with torch.no_grad():
        assert torch.equal(again(noise, contexts), model(noise, contexts))
    weights["transformer.bogus"] = weights.pop("transformer.proj_out.weight")
    with pytest.raises(RdmError, match=r"here.*transformer\.bogus: found"):
        load_generator(TINY, 0, CHANNELS, SIZE, weights, "here.safetensors")


def test_random_weights_depend_on_the_seed_alone():
    first, second = (build_generator(TINY, 0, CHANNELS, SIZE, seed=4) for _ in range(2))
    assert all(
        torch.equal(a, b)
        for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )
