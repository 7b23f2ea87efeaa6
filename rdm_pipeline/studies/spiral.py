"""The spiral of the low-dimensional study: its points, its frame and how samples are scored.

Source: method.md section 10.
"""

import math

import torch
from torch import Tensor

from rdm_pipeline.params.spiral import SpiralData, SpiralScoring


def spiral_curve(data: SpiralData, count: int) -> Tensor:
    """`count` points of the clean curve (count, 2) float64, at equal angles from end to end."""
    return _at(torch.linspace(0, 1, count, dtype=torch.float64), data)


def spiral_points(data: SpiralData, count: int, random: torch.Generator) -> Tensor:
    """Noisy points (count, 2) float32, uniform in the angle, Gaussian noise in both coordinates."""
    where = torch.rand(count, generator=random, dtype=torch.float64)
    noise = torch.randn(count, 2, generator=random, dtype=torch.float64)
    return (_at(where, data) + data.noise * noise).float()


def real_data(data: SpiralData) -> tuple[Tensor, Tensor]:
    """The real points in the plane (points, 2), and the frame (2, dim) that places them.

    float32; the frame's rows are orthonormal, so `points @ frame` keeps distances and
    `features @ frame.T` projects back.
    """
    random = torch.Generator().manual_seed(data.seed)
    points = spiral_points(data, data.points, random)
    directions = torch.randn(data.dim, 2, generator=random, dtype=torch.float64)
    return points, torch.linalg.qr(directions)[0].T.float()


def spiral_scores(samples: Tensor, data: SpiralData, scoring: SpiralScoring) -> dict[str, float]:
    """`recall` and `med_dist` of samples (N, 2) in the plane; see SpiralScoring.

    The anchors are at equal angles from end to end of the clean curve, as is the curve itself.
    """
    anchors = spiral_curve(data, scoring.anchors)
    curve = spiral_curve(data, scoring.curve_points)
    reached = torch.cdist(anchors, samples.double()).amin(dim=1) <= scoring.radius
    distances = torch.cdist(samples.double(), curve).amin(dim=1)
    return {"recall": float(reached.double().mean()), "med_dist": float(distances.quantile(0.5))}


def real_scores(data: SpiralData, scoring: SpiralScoring) -> dict[str, float]:
    """The scores of as many fresh real points as there are samples: what a generator can reach."""
    random = torch.Generator().manual_seed(scoring.seed)
    return spiral_scores(spiral_points(data, scoring.samples, random), data, scoring)


def _at(where: Tensor, data: SpiralData) -> Tensor:
    """The clean curve at shares (N,) of its angle -> (N, 2): the radius grows with the angle."""
    inner, outer = data.radii
    angle = 2 * math.pi * data.turns * where
    radius = inner + (outer - inner) * where
    return torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)
