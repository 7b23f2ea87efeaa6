"""Pretraining objectives: each scores an encoder on a batch of images and their labels.

Every objective is a module that owns its heads; `forward(images, labels)` takes (B,C,R,R) float32
images in [0,1] at the encoder's resolution and (B,) int64 labels, and returns a scalar loss.
Randomness comes from torch's global generator, which `pretrain` seeds.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from rdm_pipeline.encoders.augment import strong_view, weak_view
from rdm_pipeline.encoders.convnet import ConvNet
from rdm_pipeline.encoders.vit import SmallVit


class Supervised(nn.Module):
    """Cross-entropy on the class labels."""

    def __init__(self, encoder: nn.Module, dim: int, classes: int) -> None:
        """Put a linear classifier on an encoder of `dim` features."""
        super().__init__()
        self.encoder = encoder
        self.classifier = nn.Linear(dim, classes)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Classify a weak view of every image."""
        logits = self.classifier(self.encoder(weak_view(images)))
        return functional.cross_entropy(logits, labels)


class Rotation(nn.Module):
    """Which quarter turn was applied (Gidaris et al. 2018)."""

    def __init__(self, encoder: nn.Module, dim: int) -> None:
        """Put a linear classifier of four turns on an encoder of `dim` features."""
        super().__init__()
        self.encoder = encoder
        self.classifier = nn.Linear(dim, 4)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Turn a quarter of the batch each way and classify the turns."""
        quarters = strong_view(images).chunk(4)
        turned = torch.cat([part.rot90(k, (2, 3)) for k, part in enumerate(quarters)])
        turns = torch.cat([torch.full((len(part),), k) for k, part in enumerate(quarters)])
        return functional.cross_entropy(self.classifier(self.encoder(turned)), turns)


class SimClr(nn.Module):
    """Contrast between two views (Chen et al. 2020), lightly's head and loss."""

    def __init__(self, encoder: nn.Module, dim: int) -> None:
        """Put a projection head on an encoder of `dim` features."""
        super().__init__()
        from lightly.loss import NTXentLoss
        from lightly.models.modules.heads import SimCLRProjectionHead

        self.encoder = encoder
        self.head = SimCLRProjectionHead(dim, 256, 64)
        self.loss = NTXentLoss(temperature=0.2)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Tell the other view of an image from all other views."""
        first, second = self.head(self.encoder(two_views(images))).chunk(2)
        loss: Tensor = self.loss(first, second)
        return loss


class RedundancyReduction(nn.Module):
    """Barlow Twins (Zbontar et al. 2021), lightly's head and loss."""

    def __init__(self, encoder: nn.Module, dim: int) -> None:
        """Put a projection head on an encoder of `dim` features."""
        super().__init__()
        from lightly.loss import BarlowTwinsLoss
        from lightly.models.modules.heads import BarlowTwinsProjectionHead

        self.encoder = encoder
        self.head = BarlowTwinsProjectionHead(dim, 256, 256)
        self.loss = BarlowTwinsLoss()

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Make the cross-correlation of two views the identity."""
        first, second = self.head(self.encoder(two_views(images))).chunk(2)
        loss: Tensor = self.loss(first, second)
        return loss


class SelfDistillation(nn.Module):
    """BYOL (Grill et al. 2020): predict a slowly moving copy of oneself; lightly's parts."""

    def __init__(self, encoder: nn.Module, dim: int) -> None:
        """Put heads on an encoder of `dim` features and copy both as the teacher."""
        super().__init__()
        from lightly.loss import NegativeCosineSimilarity
        from lightly.models.modules.heads import BYOLPredictionHead, BYOLProjectionHead

        self.encoder = encoder
        self.projection = BYOLProjectionHead(dim, 256, 64)
        self.prediction = BYOLPredictionHead(64, 256, 64)
        self.teacher = copy.deepcopy(nn.Sequential(encoder, self.projection))
        self.teacher.requires_grad_(False)
        self.similarity = NegativeCosineSimilarity()

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Let each view predict the teacher's projection of the other one."""
        from lightly.models.utils import update_momentum

        update_momentum(nn.Sequential(self.encoder, self.projection), self.teacher, m=0.98)
        views = two_views(images)
        predicted = self.prediction(self.projection(self.encoder(views)))
        with torch.no_grad():
            target = self.teacher(views)
        loss: Tensor = self.similarity(predicted, target.roll(len(images), 0))
        return loss


class MaskedAutoencoder(nn.Module):
    """Reconstruct hidden patches (He et al. 2022); lightly's masked ViT and decoder."""

    def __init__(self, encoder: SmallVit) -> None:
        """Wrap the encoder for masking and add a decoder of one block."""
        super().__init__()
        from lightly.models.modules import (
            MaskedVisionTransformerDecoderTIMM,
            MaskedVisionTransformerTIMM,
        )

        self.encoder = encoder
        self.patch = encoder.patch
        self.masked = MaskedVisionTransformerTIMM(vit=encoder.vit)
        width = encoder.vit.embed_dim
        self.decoder = MaskedVisionTransformerDecoderTIMM(
            num_patches=encoder.vit.patch_embed.num_patches,
            embed_dim=width,
            depth=1,
            num_heads=max(1, width // 32),
        )
        self.pixels = nn.Linear(width, encoder.vit.patch_embed.proj.weight[0].numel())

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Encode 40 % of the patches and predict the pixels of the others."""
        from lightly.models import utils

        size = (len(images), self.masked.sequence_length)
        keep, hidden = utils.random_token_mask(size, mask_ratio=0.6)
        encoded = self.masked.encode(images=2 * images - 1, idx_keep=keep)
        tokens = utils.repeat_token(self.decoder.mask_token, size)
        tokens = utils.set_at_index(tokens, keep, encoded)
        predicted = self.pixels(
            utils.get_at_index(self.decoder.decode(self.decoder.add_pos_embed(tokens)), hidden)
        )
        # token 0 is the class token, which has no pixels
        target = utils.get_at_index(utils.patchify(images, self.patch), hidden - 1)
        return functional.mse_loss(predicted, target)


class Vae(nn.Module):
    """Variational autoencoder (Kingma and Welling 2014); the features are the posterior mean."""

    def __init__(self, encoder: ConvNet, dim: int, pixels: int) -> None:
        """Add a variance head and a decoder to `pixels` values."""
        super().__init__()
        self.encoder = encoder
        self.log_variance = nn.Linear(encoder.trunk_dim, dim)
        self.decoder = nn.Sequential(
            nn.Linear(dim, 256),
            nn.ReLU(),
            nn.Linear(256, 512),
            nn.ReLU(),
            nn.Linear(512, pixels),
        )

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """The negative evidence lower bound per image, in nats."""
        hidden = self.encoder.trunk(2 * images - 1)
        mean, log_variance = (
            self.encoder.head(hidden),
            self.log_variance(hidden).clamp(-8, 8),
        )
        latent = mean + torch.randn_like(mean) * (log_variance / 2).exp()
        logits = self.decoder(latent)
        reconstruction = functional.binary_cross_entropy_with_logits(
            logits, images.flatten(1), reduction="sum"
        )
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum()
        return (reconstruction + divergence) / len(images)


def two_views(images: Tensor) -> Tensor:
    """(B,...) -> (2B,...): two strong views of every image, row i and row B+i of image i."""
    return strong_view(torch.cat([images, images]))
