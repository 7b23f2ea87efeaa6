import pytest
import torch

from rdm_pipeline.errors import RdmError
from rdm_pipeline.generators.base import build_generator
from rdm_pipeline.generators.decoder import Decoder
from rdm_pipeline.generators.vae import train_vae
from rdm_pipeline.params.generators import DecoderSpec, VaeSpec

SMALL = DecoderSpec(kind="decoder", latent=4, class_embedding=4, hidden=32, widths=[8, 8, 4])
SHORT = VaeSpec(
    steps=150, warmup_steps=5, batch=32, learning_rate=5e-3, kl_weight=0.1, encoder_widths=[8, 8]
)


def bars(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Class 0: a bright upper half, class 1: a bright lower half; brightness varies."""
    shades = torch.randint(100, 256, (count,), generator=torch.Generator().manual_seed(0))
    labels = torch.arange(count) % 2
    images = torch.zeros(count, 1, 8, 8, dtype=torch.uint8)
    for image, label, shade in zip(images, labels, shades, strict=True):
        image[:, 4 * int(label) : 4 * int(label) + 4] = shade
    return images, labels


def trained(spec: VaeSpec, seed: int = 0) -> tuple[Decoder, list[float]]:
    generator = build_generator(SMALL, 2, 1, 8, seed=0)
    losses: list[float] = []
    train_vae(generator, *bars(200), spec, seed, lambda step, steps, loss: losses.append(loss))
    return generator, losses


def test_samples_from_the_prior_show_their_class_and_vary_in_brightness():
    generator, losses = trained(SHORT)
    assert losses[-1] < losses[0] / 4
    with torch.no_grad():
        images = generator(torch.randn(100, 4), torch.arange(100) % 2)
    upper, lower = images[:, 0, :4].mean(dim=(1, 2)), images[:, 0, 4:].mean(dim=(1, 2))
    assert (upper[0::2] > 0.3).all() and (lower[0::2] < 0.15).all()
    assert (lower[1::2] > 0.3).all() and (upper[1::2] < 0.15).all()
    assert 0.08 < upper[0::2].std() < 0.3  # the data's is 0.18


def test_training_depends_on_the_seed_alone():
    short = SHORT.model_copy(update={"steps": 5})
    torch.manual_seed(1)
    first, losses = trained(short)
    torch.manual_seed(2)
    again, same = trained(short)
    assert losses == same
    weights, repeated = first.state_dict(), again.state_dict()
    assert all(torch.equal(weights[name], repeated[name]) for name in weights)
    assert trained(short, seed=1)[1] != losses


def test_a_heavier_divergence_leaves_less_in_the_latent():
    spread = []
    for kl_weight in (0.1, 30.0):
        generator, _ = trained(SHORT.model_copy(update={"kl_weight": kl_weight}))
        with torch.no_grad():
            images = generator(torch.randn(200, 4), torch.zeros(200, dtype=torch.int64))
        spread.append(images.std(dim=0).mean())
    assert spread[1] < spread[0] / 4


def test_a_loss_that_is_not_finite_stops_the_training_and_names_the_step():
    generator = build_generator(SMALL, 2, 1, 8, seed=0)
    losses: list[float] = []

    def poison(step: int, steps: int, loss: float) -> None:
        losses.append(loss)
        if step == 3:
            torch.nn.init.constant_(generator.embedding.weight, float("nan"))

    with pytest.raises(RdmError, match="the loss is nan at step 3 of 150"):
        train_vae(generator, *bars(50), SHORT, 0, poison)
    assert len(losses) == 3
