"""Trains the panel's own encoders on the training split, before they are frozen."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from rdm_pipeline.encoders.battery import build_network, resize
from rdm_pipeline.encoders.convnet import ConvNet
from rdm_pipeline.encoders.vit import SmallVit
from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.encoders import Network, Objective, Pretraining


def pretrain(
    network: Network,
    training: Pretraining,
    channels: int,
    classes: Sequence[str],
    images: Tensor,
    labels: Tensor,
    progress: Callable[[int, int, float], None],
) -> dict[str, Tensor]:
    """Train one encoder from scratch and return its state dict alone.

    images: (N,C,H,W) uint8; labels: (N,) int64 into `classes`; progress is called with (step,
    steps, loss) after every step. Equal bits for an equal seed and thread count. RdmError where
    a batch is larger than the data, the objective needs another family, or a loss is not finite.
    """
    if training.batch > len(images):
        raise RdmError(
            f"encoders.pretraining.batch: found {training.batch}, "
            f"at most the {len(images)} training images"
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(network.seed)
        encoder = build_network(network, channels)
        objective = build_objective(network, training.objective, encoder, channels, classes).train()
        # the convolutions run twice as fast on a CPU
        objective.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        _optimise(objective, network, training, images, labels, progress)
    return encoder.state_dict()


def _optimise(
    objective: nn.Module,
    network: Network,
    training: Pretraining,
    images: Tensor,
    labels: Tensor,
    progress: Callable[[int, int, float], None],
) -> None:
    optimizer = torch.optim.AdamW(
        [p for p in objective.parameters() if p.requires_grad], weight_decay=1e-3
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=training.learning_rate,
        total_steps=training.steps + 1,
        pct_start=0.15,
    )
    for step, rows in enumerate(_batches(len(images), training.batch, training.steps), start=1):
        batch = resize(images[rows].float() / 255, network.resolution).clamp(0, 1)
        loss = objective(batch, labels[rows])
        if not torch.isfinite(loss):
            raise RdmError(f"pretraining of {network.source}: the loss at step {step} is {loss}")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        progress(step, training.steps, loss.item())


def _batches(count: int, batch: int, steps: int) -> list[Tensor]:
    """`steps` batches of row indices: whole passes in a new random order each."""
    per_pass = count // batch
    passes = -(-steps // per_pass)
    rows = torch.cat([torch.randperm(count)[: per_pass * batch] for _ in range(passes)])
    return list(rows.split(batch)[:steps])


def build_objective(
    network: Network,
    name: Objective,
    encoder: nn.Module,
    channels: int,
    classes: Sequence[str],
) -> nn.Module:
    """The module that scores `encoder` on a batch, by the objective's name."""
    from rdm_pipeline.torchvision_shim import declare_missing_operators

    declare_missing_operators()
    from rdm_pipeline.encoders import captions, objectives

    match name:
        case "supervised":
            return objectives.Supervised(encoder, network.dim, len(classes))
        case "simclr":
            return objectives.SimClr(encoder, network.dim)
        case "rotation":
            return objectives.Rotation(encoder, network.dim)
        case "redundancy":
            return objectives.RedundancyReduction(encoder, network.dim)
        case "distillation":
            return objectives.SelfDistillation(encoder, network.dim)
        case "captions":
            return captions.Captions(encoder, network.dim, classes)
        case "masked" if isinstance(encoder, SmallVit):
            return objectives.MaskedAutoencoder(encoder)
        case "vae" if isinstance(encoder, ConvNet):
            return objectives.Vae(encoder, network.dim, channels * network.resolution**2)
        case _:
            raise RdmError(
                f"encoders.pretraining.objective: found {name} for a {network.family}, "
                f"it takes a {'vit' if name == 'masked' else 'convnet'}"
            )
