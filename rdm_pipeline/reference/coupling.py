"""The joint law: an image's condition becomes part of its feature (method.md section 9)."""

import torch
from torch import Tensor

from rdm_pipeline.errors import RdmError


def couple(features: Tensor, labels: Tensor, codes: Tensor, beta: float) -> Tensor:
    """[phi | beta tau(c)]: the Gaussian kernel becomes image kernel times condition kernel.

    features (N, d); labels (N,), integers, name rows of codes (P, c) -> (N, d + c) in the
    features' dtype, differentiable in them; `beta` is in feature units per unit of the codes.
    Where it is 0, the marginal law, the features themselves: it looks at no label, and columns of
    zeros would cost as much as others. Raises RdmError for labels missing or out of range.
    """
    if beta == 0:
        return features
    if labels.shape != features.shape[:1]:
        raise RdmError(f"labels: shape {tuple(labels.shape)}, expected ({len(features)},)")
    outside = int(((labels < 0) | (labels >= len(codes))).sum())
    if outside:
        raise RdmError(f"labels: {outside} of {len(labels)} outside 0..{len(codes) - 1}")
    return torch.cat([features, beta * codes[labels.long()].to(features.dtype)], dim=1)


def class_codes(classes: int) -> Tensor:
    """Return the codes of class ids, one-hot: (classes, classes) float32."""
    return torch.eye(classes)
