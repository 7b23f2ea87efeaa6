"""Building a reference (k-means, mean embedding, solve), against a plain torch version.

python benchmarks/reference.py     2 threads
"""

import sys

import torch
from measure import at_least, at_most, difference, take_turns
from torch import Tensor

from rdm_pipeline.discrepancies.kernels import gaussian_kernel, median_bandwidth, squared_distances
from rdm_pipeline.discrepancies.nystrom import NystromReference
from rdm_pipeline.reference.landmarks import kmeans_landmarks
from rdm_pipeline.reference.nystrom import build_nystrom_reference

THREADS, ROUNDS = 2, 2
N, DIM, M, ITERATIONS, JITTER = 30_000, 512, 1024, 20, 1e-6
CLUSTERS, HELD_OUT = 200, 2000


def main() -> int:
    torch.set_num_threads(THREADS)
    rows = features(N + HELD_OUT)
    real, held_out = rows[:N], rows[N:]
    sigma = median_bandwidth(real, 1.0, 2000, seed=0)
    versions = {"ours": lambda: ours(real, sigma), "plain": lambda: plain(real, sigma)}
    built, floor = take_turns(versions, ROUNDS).values()
    print(f"reference {built.seconds:.3g} s, plain torch {floor.seconds:.3g} s")
    met = at_least("times faster", floor.seconds / built.seconds, 5)
    found, plain_found = (qualities(t.result, real, held_out) for t in (built, floor))
    for what, value in found.items():
        print(f"{what}: {value:.3g}, plain torch {plain_found[what]:.3g}")
    for what in ("inertia", "error of the attraction"):
        met &= at_most(f"{what}, over plain torch's", found[what] / plain_found[what], 1.01)
    return int(not (met & at_most("residual of the solve", found["residual of the solve"], JITTER)))


def features(rows: int) -> Tensor:
    """Clusters in a space whose directions differ in spread, as those of features do."""
    generator = torch.Generator().manual_seed(0)
    centres = torch.randn(CLUSTERS, DIM, generator=generator)
    of_row = torch.randint(CLUSTERS, (rows,), generator=generator)
    spread = torch.arange(1, DIM + 1) ** -0.5
    return (centres[of_row] + 2 * torch.randn(rows, DIM, generator=generator)) * spread


def ours(real: Tensor, sigma: float) -> NystromReference:
    landmarks = kmeans_landmarks(real, M, ITERATIONS, seed=0)
    # k_rr is not part of the comparison: over one row it costs nothing.
    return build_nystrom_reference(real, landmarks, sigma, JITTER, k_rr_rows=1)


def plain(real: Tensor, sigma: float) -> NystromReference:
    """Lloyd's iterations as they are written in torch, then all in float64."""
    landmarks = real[torch.randperm(len(real), generator=torch.Generator().manual_seed(0))[:M]]
    for _ in range(ITERATIONS):
        nearest = torch.cdist(real, landmarks).argmin(dim=1)
        counts = torch.bincount(nearest, minlength=M)[:, None]
        sums = torch.zeros_like(landmarks).index_add_(0, nearest, real)
        landmarks = torch.where(counts > 0, sums / counts.clamp(min=1), landmarks)
    gamma, z = 1 / (2 * sigma**2), landmarks.double()
    mu = torch.exp(-gamma * torch.cdist(real.double(), z).square()).mean(dim=0)
    system = torch.exp(-gamma * torch.cdist(z, z).square()) + JITTER * torch.eye(M).double()
    return NystromReference(landmarks, torch.linalg.solve(system, mu).float(), gamma, k_rr=0.0)


def qualities(reference: NystromReference, real: Tensor, held_out: Tensor) -> dict[str, float]:
    """Inertia, residual of the solve, and the error of alpha's attraction at points not seen."""
    z, alpha, gamma = reference.landmarks, reference.alpha.double(), reference.gamma
    mu = mean_embedding(z, real, gamma)
    system = gaussian_kernel(z.double(), z.double(), gamma)
    attraction = gaussian_kernel(held_out.double(), z.double(), gamma) @ alpha
    return {
        "inertia": float(
            sum(squared_distances(r, z).min(dim=1).values.sum() for r in real.split(4096))
        ),
        "residual of the solve": difference(system @ alpha, mu),
        "error of the attraction": difference(attraction, mean_embedding(held_out, real, gamma)),
    }


def mean_embedding(x: Tensor, real: Tensor, gamma: float) -> Tensor:
    """mean_j k(x, r_j), in float64."""
    parts = [gaussian_kernel(x.double(), r, gamma).sum(dim=1) for r in real.double().split(4096)]
    return torch.stack(parts).sum(dim=0) / len(real)


if __name__ == "__main__":
    sys.exit(main())
