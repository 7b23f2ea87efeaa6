from typing import get_args

import pytest
import torch
from torch.nn import functional

from rdm_pipeline.encoders.battery import build_encoder
from rdm_pipeline.encoders.captions import Captions
from rdm_pipeline.encoders.pretrain import pretrain
from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.encoders import Network, Objective, Pretraining
from tests.encoders.networks import network

CLASSES = ["bar", "column"]


def bars(count: int, channels: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Bright bars, horizontal or vertical, at random places under a bright upper edge."""
    generator = torch.Generator().manual_seed(5)
    labels = torch.randint(2, (count,), generator=generator)
    images = torch.randint(0, 40, (count, channels, 28, 28), generator=generator, dtype=torch.uint8)
    for image, label, at in zip(
        images, labels, torch.randint(2, 22, (count,), generator=generator), strict=True
    ):
        (image if label == 0 else image.mT)[:, at : at + 4] = 220
    images[:, :, :3] = 250  # so that a quarter turn can be told
    return images, labels


def trained(
    objective: str, channels: int = 1, steps: int = 40
) -> tuple[Network, dict[str, torch.Tensor], list[float]]:
    row = network("vit" if objective == "masked" else "convnet")
    training = Pretraining(objective=objective, steps=steps, batch=32, learning_rate=0.005)
    losses: list[float] = []
    weights = pretrain(
        row,
        training,
        channels,
        CLASSES,
        *bars(256, channels),
        lambda step, steps, loss: losses.append(loss),
    )
    return row, weights, losses


@pytest.mark.parametrize("objective", get_args(Objective))
def test_training_lowers_the_loss_and_yields_the_encoder_alone(objective):
    row, weights, losses = trained(objective)
    assert sum(losses[-5:]) < sum(losses[:5])
    encoder = build_encoder(row, 1, 28, weights)  # strict: heads and teachers would be unexpected
    features = encoder(bars(64)[0].float() / 255)
    assert torch.isfinite(features).all()
    # collapsed features would not tell one image from another
    assert features.std(0).mean() > 0.02 * features.abs().mean()


@pytest.mark.parametrize("objective", ["simclr", "masked"])
def test_the_same_seed_gives_the_same_bits(objective):
    torch.manual_seed(1)
    first = trained(objective, steps=3)[1]
    torch.manual_seed(2)
    again = trained(objective, steps=3)[1]
    assert all(torch.equal(first[key], again[key]) for key in first)


@pytest.mark.parametrize("objective", ["supervised", "masked", "vae"])
def test_colour_images_train_too(objective):
    row, weights, _ = trained(objective, channels=3, steps=2)
    assert build_encoder(row, 3, 28, weights)(torch.rand(2, 3, 28, 28)).shape == (2, row.dim)


def test_progress_counts_every_step():
    seen: list[tuple[int, int]] = []
    training = Pretraining(objective="supervised", steps=20, batch=32, learning_rate=0.001)
    pretrain(
        network("convnet"), training, 1, CLASSES, *bars(256), lambda i, n, _: seen.append((i, n))
    )
    assert seen == [(step, 20) for step in range(1, 21)]


def test_a_batch_larger_than_the_data_is_refused_with_both_numbers():
    training = Pretraining(objective="vae", steps=1, batch=300, learning_rate=0.001)
    with pytest.raises(RdmError, match="found 300, at most the 256 training images"):
        pretrain(network("convnet"), training, 1, CLASSES, *bars(256), lambda *_: None)


@pytest.mark.parametrize("objective, family", [("masked", "convnet"), ("vae", "vit")])
def test_an_objective_for_another_family_is_refused(objective, family):
    training = Pretraining(objective=objective, steps=1, batch=8, learning_rate=0.001)
    with pytest.raises(RdmError, match=f"found {objective} for a {family}, it takes a "):
        pretrain(network(family), training, 1, CLASSES, *bars(256), lambda *_: None)


def test_a_loss_that_is_not_finite_stops_the_training():
    training = Pretraining(objective="supervised", steps=9, batch=32, learning_rate=1e30)
    with pytest.raises(RdmError, match=r"the loss at step \d is"):
        pretrain(network("convnet"), training, 1, CLASSES, *bars(256), lambda *_: None)


def test_images_of_one_class_are_not_pushed_from_their_shared_caption():
    """With one class in the batch every caption is right: the loss is the targets' entropy."""

    class Constant(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return torch.ones(len(images), 8)

    torch.manual_seed(0)
    objective = Captions(Constant(), 8, ["a"])
    objective.text.mlp = torch.nn.Identity()
    objective.text.words.weight.data.fill_(1)
    loss = objective(torch.rand(16, 1, 8, 8), torch.zeros(16, dtype=torch.long))
    expected = functional.cross_entropy(torch.zeros(1, 16), torch.full((1, 16), 1 / 16))
    torch.testing.assert_close(loss, expected)
