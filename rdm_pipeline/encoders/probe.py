"""Linear probe: how well a linear map reads the class from frozen features."""

import numpy as np
import torch
from torch import Tensor


def linear_probe(train_x: Tensor, train_y: Tensor, test_x: Tensor, test_y: Tensor) -> float:
    """Test accuracy of ridge regression onto one-hot labels, features standardised.

    train_x: (N,d), test_x: (T,d) float; labels int64. The ridge is 1e-3 of the features' own
    variance, which only matters where they are collinear. Closed form: a few seconds at
    60,000 x 1,280.
    """
    mean, std = train_x.mean(0), train_x.std(0).clamp_min(1e-6)
    x = ((train_x - mean) / std).double()
    targets = torch.nn.functional.one_hot(train_y).double()
    centre = targets.mean(0)
    gram = x.T @ x + 1e-3 * len(x) * torch.eye(x.shape[1], dtype=torch.float64)
    weights = torch.linalg.solve(gram, x.T @ (targets - centre))
    scores = ((test_x - mean) / std).double() @ weights + centre
    return float(np.mean((scores.argmax(1) == test_y).numpy()))
