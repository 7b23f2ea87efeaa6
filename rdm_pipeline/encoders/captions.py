"""Image-text contrast: a small text tower and captions made from class names."""

import re
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from rdm_pipeline.encoders.augment import weak_view

TEMPLATES = (
    "a photo of a {}",
    "a picture of one {}",
    "a small image of a {}",
    "{} on black",
)


class Captions(nn.Module):
    """Contrast between images and captions (Radford et al. 2021).

    Classes repeat within a batch, and so do captions: all captions of the image's class share the
    target's mass evenly (Yang et al. 2022), so that no image is pushed from its own words.
    """

    def __init__(self, encoder: nn.Module, dim: int, classes: Sequence[str]) -> None:
        """Pair an encoder of `dim` features with a text tower for the class names."""
        super().__init__()
        self.encoder = encoder
        self.text = TextTower(classes)
        self.image_head = nn.Linear(dim, self.text.width)
        self.log_scale = nn.Parameter(torch.tensor(10.0).log())

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """(B,C,R,R) images in [0,1], (B,) int64 labels -> scalar loss."""
        image = functional.normalize(self.image_head(self.encoder(weak_view(images))), dim=1)
        text = functional.normalize(self.text(labels), dim=1)
        logits = self.log_scale.exp().clamp(max=100) * image @ text.T
        same = (labels[:, None] == labels[None]).float()
        target = same / same.sum(1, keepdim=True)
        loss: Tensor = functional.cross_entropy(logits, target)
        return (loss + functional.cross_entropy(logits.T, target)) / 2


class TextTower(nn.Module):
    """Word embeddings of a random caption of each label, averaged, then an MLP."""

    width = 64
    captions: Tensor  # (classes * templates, words) int64, 0 where a caption has ended

    def __init__(self, classes: Sequence[str]) -> None:
        """Write out the captions of every class as rows of word numbers."""
        super().__init__()
        captions = [template.format(name) for name in classes for template in TEMPLATES]
        words = [re.findall(r"\w+", caption.lower()) for caption in captions]
        known = sorted({word for caption in words for word in caption})
        vocabulary = {word: number for number, word in enumerate(known, start=1)}
        length = max(len(caption) for caption in words)
        table = [[vocabulary[w] for w in c] + [0] * (length - len(c)) for c in words]
        self.register_buffer("captions", torch.tensor(table))
        self.words = nn.EmbeddingBag(len(vocabulary) + 1, self.width, padding_idx=0)
        self.mlp = nn.Sequential(
            nn.Linear(self.width, self.width),
            nn.ReLU(),
            nn.Linear(self.width, self.width),
        )

    def forward(self, labels: Tensor) -> Tensor:
        """(B,) int64 labels -> (B,width), the text of one random caption each."""
        template = torch.randint(len(TEMPLATES), labels.shape)
        text: Tensor = self.mlp(self.words(self.captions[labels * len(TEMPLATES) + template]))
        return text
