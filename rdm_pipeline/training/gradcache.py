"""Gradient caching: the gradient of a loss that couples the whole batch, in micro-batches.

Method section 5. (1) features of all micro-batches without a graph; (2) the loss gradient with
respect to the features; (3) a second pass with a graph, backpropagating sum(feature * gradient).
"""

from collections.abc import Callable, Collection, Mapping

import torch
from torch import Tensor

Features = dict[str, Tensor]
Forward = Callable[[int, Collection[str]], tuple[Tensor, Features]]
Objective = Callable[[Features], tuple[Tensor, Features]]


def gradcache_backward(
    forward: Forward,
    names: Collection[str],
    micro_batches: int,
    objective: Objective,
    backward: Callable[[Tensor, bool], None],
) -> Tensor:
    """Backpropagate the objective of the whole batch; return its scores (E,).

    `forward(i, names)` gives the images and the named features (rows, d) of micro-batch i.
    `objective(features of all micro-batches)` gives the scores and, per encoder that has any, the
    gradient (rows, d). `backward(surrogate, last)` is called once per micro-batch. Encoders without
    a gradient cost no second pass; where one micro-batch is the batch, neither do the others.
    """
    if micro_batches == 1:
        images, features = forward(0, names)
        scores, gradients = objective({name: f.detach() for name, f in features.items()})
        backward(_surrogate(images, features, gradients), True)
        return scores
    with torch.no_grad():
        parts = [forward(index, names)[1] for index in range(micro_batches)]
    scores, gradients = objective({name: torch.cat([p[name] for p in parts]) for name in names})
    chunks = {name: gradient.chunk(micro_batches) for name, gradient in gradients.items()}
    for index in range(micro_batches):
        images, features = forward(index, list(gradients))
        surrogate = _surrogate(images, features, {name: c[index] for name, c in chunks.items()})
        backward(surrogate, index == micro_batches - 1)
    return scores


def _surrogate(images: Tensor, features: Features, gradients: Mapping[str, Tensor]) -> Tensor:
    """Return the scalar whose gradient is the loss's; it reaches the generator even if it is 0."""
    terms = [(features[name] * gradient).sum() for name, gradient in gradients.items()]
    return torch.stack([0.0 * images.sum(), *terms]).sum()
