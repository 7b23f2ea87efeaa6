"""The joint law of image and class: the label becomes part of the feature (method.md section 9)."""

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from rdm_pipeline.errors import RdmError


def couple_labels(features: Tensor, labels: Tensor, classes: int, beta: float) -> Tensor:
    """[phi | beta onehot(y)]: the Gaussian kernel becomes image kernel times label kernel.

    features (N, d), labels (N,) integers in 0..classes-1 -> (N, d + classes), in the features'
    dtype, differentiable in them; `beta` is in feature units (label_beta * sigma). Where it is 0,
    the marginal law, the features themselves: columns of zeros would cost as much as others.
    Raises RdmError for labels that are missing or out of range.
    """
    if labels.shape != features.shape[:1]:
        raise RdmError(f"labels: shape {tuple(labels.shape)}, expected ({len(features)},)")
    outside = int(((labels < 0) | (labels >= classes)).sum())
    if outside:
        raise RdmError(f"labels: {outside} of {len(labels)} outside 0..{classes - 1}")
    if beta == 0:
        return features
    codes = beta * one_hot(labels.long(), classes).to(features.dtype)
    return torch.cat([features, codes], dim=1)
