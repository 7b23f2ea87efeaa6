"""Landmarks of the Nyström reference: k-means centres of the training features."""

import faiss
import torch
from torch import Tensor

from rdm_pipeline.discrepancies.checks import draw_rows, require_finite
from rdm_pipeline.errors import RdmError


def kmeans_landmarks(
    features: Tensor, count: int, iterations: int = 20, max_rows: int = 200_000, *, seed: int
) -> Tensor:
    """`count` k-means centres of features (N, d) -> (count, d) float32 on the CPU.

    Lloyd iterations from random points, on at most `max_rows` drawn rows; a centre left without
    rows starts again from a random one. The same seed and thread count give the same bits.
    Raises RdmError for more landmarks than rows and for non-finite features.
    Source: method.md section 3; distances by faiss.
    """
    rows = min(max_rows, len(features))
    if count > rows:
        raise RdmError(f"landmarks: {count} asked for, allowed at most the {rows} rows at hand")
    generator = torch.Generator().manual_seed(seed)
    drawn = draw_rows(len(features), rows, generator)
    sample = features[drawn.to(features.device)].float().cpu()
    require_finite(sample, "features for landmarks")
    centres, moved = sample[:count], torch.ones(count, dtype=torch.bool)
    distance, nearest = torch.full((rows,), torch.inf), torch.zeros(rows, dtype=torch.int64)
    for _ in range(iterations):
        distance, nearest = _nearest_again(sample, centres, moved, distance, nearest)
        means = _means(sample, nearest, count, generator)
        moved = (means != centres).any(dim=1)
        centres = means
    return centres


def _nearest_again(
    x: Tensor, centres: Tensor, moved: Tensor, distance: Tensor, nearest: Tensor
) -> tuple[Tensor, Tensor]:
    """Squared distance of each row of x to its nearest centre, and the index of that.

    `distance` and `nearest` are those of before some centres `moved`. Most soon stand still, and
    none of these is nearer to a row than its nearest was: only a row that has just been left by
    that one looks at them again. The result is that of looking at all centres, to rounding.
    """
    ids, still = moved.nonzero()[:, 0], (~moved).nonzero()[:, 0]
    if not len(ids):
        return distance, nearest
    distance_to_moved, index = _nearest(x, centres[ids])
    stale = moved[nearest]
    left = (stale & (distance_to_moved > distance)).nonzero()[:, 0]
    changes = stale | (distance_to_moved < distance)
    distance = torch.where(changes, distance_to_moved, distance)
    nearest = torch.where(changes, ids[index], nearest)
    if len(left) and len(still):
        distance_to_still, index = _nearest(x[left], centres[still])
        nearer = distance_to_still < distance[left]
        distance[left[nearer]] = distance_to_still[nearer]
        nearest[left[nearer]] = still[index[nearer]]
    return distance, nearest


def _nearest(x: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
    distance, index = faiss.knn(x.numpy(), centres.numpy(), 1)
    return torch.from_numpy(distance[:, 0]), torch.from_numpy(index[:, 0])


def _means(x: Tensor, nearest: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Mean of the rows of each centre; where there are none, a random row."""
    sizes = torch.bincount(nearest, minlength=count)
    means = torch.zeros(count, x.shape[1]).index_add_(0, nearest, x) / sizes[:, None]
    empty = (sizes == 0).nonzero()[:, 0]
    means[empty] = x[torch.randint(len(x), (len(empty),), generator=generator)]
    return means
