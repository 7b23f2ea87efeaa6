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

    Lloyd iterations from random points, on at most `max_rows` drawn rows. faiss fills an empty
    cluster by splitting a large one. The same seed and thread count give the same bits.
    Raises RdmError for more landmarks than rows and for non-finite features.
    Source: method.md section 3; faiss.Kmeans.
    """
    rows = min(max_rows, len(features))
    if count > rows:
        raise RdmError(f"landmarks: {count} asked for, allowed at most the {rows} rows at hand")
    drawn = draw_rows(len(features), rows, torch.Generator().manual_seed(seed))
    sample = features[drawn.to(features.device)].float().cpu()
    require_finite(sample, "features for landmarks")
    kmeans = faiss.Kmeans(
        sample.shape[1],
        count,
        niter=iterations,
        seed=seed,
        # The rows are drawn above: faiss shall neither draw again nor warn about few of them.
        max_points_per_centroid=rows,
        min_points_per_centroid=1,
    )
    kmeans.train(sample.numpy())
    return torch.tensor(kmeans.centroids)
