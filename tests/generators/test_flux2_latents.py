"""Latents as tokens and the sampler's times, beside diffusers'."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rdm_pipeline.generators.flux2_latents import (
    image_positions,
    pack,
    patchify,
    sampling_times,
    text_positions,
    unpack,
    unpatchify,
)
from rdm_pipeline.packages import paper_package

sizes = st.integers(1, 5)


def klein():
    return paper_package("diffusers").Flux2KleinPipeline


@settings(deadline=None)
@given(sizes, sizes, sizes, sizes)
def test_patches_are_those_of_diffusers_and_come_apart_again(batch, channels, height, width):
    latents = torch.randn(batch, channels, 2 * height, 2 * width)
    patches = patchify(latents)
    assert torch.equal(patches, klein()._patchify_latents(latents))
    assert torch.equal(unpatchify(patches), latents)
    assert torch.equal(unpatchify(patches), klein()._unpatchify_latents(patches))


@settings(deadline=None)
@given(sizes, sizes, sizes, sizes)
def test_tokens_are_those_of_diffusers_and_come_apart_again(batch, channels, height, width):
    patches = torch.randn(batch, channels, height, width)
    tokens, positions = pack(patches), klein()._prepare_latent_ids(patches)
    assert torch.equal(tokens, klein()._pack_latents(patches))
    assert torch.equal(unpack(tokens, height, width), patches)
    cpu = torch.device("cpu")
    assert torch.equal(image_positions(height, width, cpu), positions[0])
    theirs = klein()._prepare_text_ids(torch.zeros(1, width, 2))
    assert torch.equal(text_positions(width, cpu), theirs[0])


@pytest.mark.parametrize("tokens", [49, 1024, 4096, 6400])
@pytest.mark.parametrize("steps", [1, 2, 4, 28])
def test_times_are_those_of_the_published_scheduler(steps, tokens):
    diffusers = paper_package("diffusers")
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler(
        shift=3.0, use_dynamic_shifting=True, time_shift_type="exponential"
    )
    module = paper_package("diffusers.pipelines.flux2.pipeline_flux2_klein")
    mu = module.compute_empirical_mu(image_seq_len=tokens, num_steps=steps)
    scheduler.set_timesteps(sigmas=np.linspace(1, 1 / steps, steps), mu=mu)
    assert sampling_times(steps, tokens) == pytest.approx(scheduler.sigmas.tolist(), abs=1e-6)


def test_a_single_step_goes_all_the_way():
    assert sampling_times(1, 1024) == [1.0, 0.0]
