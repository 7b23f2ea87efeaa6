"""The demo's teacher: what it minimises, and that it learns from images."""

import pytest
import torch

from rdm_pipeline.errors import RdmError
from rdm_pipeline.generators.flux2_teacher import (
    normalise_latents,
    train_autoencoder,
    train_teacher,
    velocity_loss,
)
from rdm_pipeline.params.teacher import AutoencoderTraining, TeacherSpec, Training
from tests.generators.flux2 import CHANNELS, DIM, LENGTH, SIZE, inputs, tiny

AUTOENCODER = AutoencoderTraining(
    steps=60, warmup_steps=5, batch=16, learning_rate=0.003, kl_weight=1e-4
)
SPEC = TeacherSpec(
    autoencoder=AUTOENCODER, flow=Training(steps=80, warmup_steps=5, batch=16, learning_rate=0.003)
)


def pictures():
    """Bright or dark images (32,C,S,S) uint8, and which they are."""
    labels = torch.arange(32) % 2
    noise = torch.rand(32, CHANNELS, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    return ((0.8 * labels[:, None, None, None] + 0.2 * noise) * 255).to(torch.uint8), labels


def test_loss_is_the_squared_error_of_the_velocity_from_latents_to_noise(monkeypatch):
    model, (noise, contexts) = tiny(), inputs()
    latents, times = torch.randn_like(noise), torch.tensor([0.0, 0.3, 1.0])
    seen = []
    monkeypatch.setattr(
        model, "velocity", lambda x, t, c: seen.append(x) or (noise - latents + 0.5)
    )
    assert float(velocity_loss(model, latents, noise, times, contexts)) == pytest.approx(0.25)
    (x,) = seen
    assert torch.equal(x[0], latents[0]) and torch.equal(x[2], noise[2])


def test_latents_come_out_with_mean_0_and_variance_1():
    model, (images, _) = tiny(), pictures()
    latents = normalise_latents(model, images)
    torch.testing.assert_close(latents.mean(dim=(0, 2, 3)), torch.zeros(12), atol=1e-5, rtol=0)
    torch.testing.assert_close(model.encode(images.float() / 255), latents, atol=1e-4, rtol=1e-4)


def test_the_autoencoder_learns_and_is_frozen_again():
    model, (images, _) = tiny(), pictures()
    losses = []
    random = torch.Generator().manual_seed(0)
    train_autoencoder(model, images, AUTOENCODER, random, lambda *told: losses.append(told[2]))
    assert losses[-1] < 0.2 * losses[0]
    assert not any(parameter.requires_grad for parameter in model.vae.parameters())


@pytest.mark.slow
def test_the_teacher_learns_what_its_context_says():
    model, (images, labels) = tiny(steps=4), pictures()
    table = torch.randn(2, LENGTH, DIM)
    told = {}

    def report_of(part):
        return lambda step, steps, loss: told.update({part: (step, steps)})

    train_teacher(model, images, lambda rows: table[labels[rows]], SPEC, 0, report_of)
    assert told == {"autoencoder": (60, 60), "velocity": (80, 80)}
    noise, _ = inputs(16)
    with torch.no_grad():
        dark, bright = (model(noise, table[[label] * 16]).mean() for label in (0, 1))
    assert bright - dark > 0.5


def test_a_loss_that_is_not_finite_is_told_with_its_step():
    model, (images, _) = tiny(), pictures()
    with torch.no_grad():
        next(model.vae.parameters()).fill_(float("nan"))
    with pytest.raises(RdmError, match="teacher: the loss is nan at step 0 of 60"):
        train_autoencoder(model, images, AUTOENCODER, torch.Generator(), lambda *_: None)
