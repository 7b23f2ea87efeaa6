"""Scores of images against prompts and win rates between sets, from embeddings alone."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from rdm_pipeline.errors import RdmError
from rdm_pipeline.torchvision_shim import declare_missing_operators


@dataclass(frozen=True)
class WinRate:
    """Share of pairs in which the first image is preferred, in [0,1], and its standard error."""

    rate: float
    error: float
    pairs: int


def preference_scores(images: Tensor, texts: Tensor, logit_scale: Tensor) -> Tensor:
    """Return exp(logit_scale) cos(image, text) (n,) float32 of embeddings (n,d) and (n,d).

    Source: PickScore (Kirstain et al. 2023), method.md section 8.
    """
    similarity = functional.cosine_similarity(images.float(), texts.float(), dim=1)
    return logit_scale.float().exp() * similarity


def win_rate(ours: Tensor, theirs: Tensor) -> WinRate:
    """Compare scores (n,) pair by pair; a tie is half a win, as two equal scores say nothing.

    Raises RdmError for sets of different size, empty ones and scores that are not finite.
    """
    if ours.shape != theirs.shape or not len(ours):
        raise RdmError(f"win rate: {len(ours)} and {len(theirs)} scores, allowed: as many, some")
    if not (ours.isfinite().all() and theirs.isfinite().all()):
        raise RdmError("win rate: a score is not finite")
    wins = (ours > theirs).double() + 0.5 * (ours == theirs).double()
    error = wins.std(correction=0) / len(wins) ** 0.5
    return WinRate(float(wins.mean()), float(error), len(wins))


def matched_by(ours: str | None, theirs: str | None) -> str:
    """Return what pairs of images share, from what each set says of its noise: None is foreign.

    Raises RdmError where both were generated here, from different noise.
    """
    if ours is None or theirs is None:
        return "class"
    if ours != theirs:
        raise RdmError(f"win rate: noise of {ours} against noise of {theirs}, allowed: the same")
    return "noise and class"


def class_prompts(classes: list[str], prompt: str) -> list[str]:
    """Return a prompt per class; `{}` in it stands for the class name.

    WordNet ids of ImageNet's 1000 classes become the names that CLIP's authors gave them.
    """
    declare_missing_operators()
    from open_clip.zero_shot_metadata import IMAGENET_CLASSNAMES
    from timm.data import ImageNetInfo

    names = dict(zip(ImageNetInfo().label_names(), IMAGENET_CLASSNAMES, strict=True))
    return [prompt.format(names.get(name, name.replace("_", " "))) for name in classes]
