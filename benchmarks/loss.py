"""The training loss with its gradient, against autograd of the same formula and the GEMM rate.

python benchmarks/loss.py     2 threads; on a CUDA machine also there, with peak memory
"""

import sys
from collections.abc import Callable

import torch
from measure import GEMM_FLOP, GEMM_SIZE, at_least, at_most, difference, gemm, take_turns
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from rdm_pipeline.discrepancies.nystrom import (
    NystromReference,
    nystrom_mmd2,
    nystrom_mmd2_with_grad,
)

THREADS, ROUNDS = 2, 5
N, M, DIM = 5120, 4096, 1024
# Half of K_gg, K_gg g, K_gZ, and K_gZ diag(alpha) Z.
FLOP = N * N * DIM + 2 * N * N * DIM + 4 * N * M * DIM


def main() -> int:
    torch.set_num_threads(THREADS)
    met = compare("cpu", ratio_bar=3.5)
    if not torch.cuda.is_available():
        print("no GPU here: its ratio and its memory are not measured")
        return int(not met)
    met &= compare("cuda", ratio_bar=3.0)
    return int(not (met & compare_memory()))


def compare(device: str, ratio_bar: float) -> bool:
    g, reference = batch(device)
    versions = {
        "ours": lambda: nystrom_mmd2_with_grad(g, reference),
        "autograd": lambda: autograd(g, reference),
        "gemm": gemm(device),
    }
    timed = take_turns(versions, ROUNDS, device)
    ours, plain = timed["ours"].seconds, timed["autograd"].seconds
    rate, gemm_rate = FLOP / ours / 1e9, GEMM_FLOP / timed["gemm"].seconds / 1e9
    print(f"{device}: loss with gradient {ours:.3g} s, by autograd {plain:.3g} s")
    print(f"{device}: {rate:.0f} GFLOP/s, a float32 GEMM of {GEMM_SIZE}: {gemm_rate:.0f} GFLOP/s")
    met = at_least(f"{device}: times faster than autograd", plain / ours, ratio_bar)
    if device == "cpu":
        met &= at_least("cpu: share of the GEMM rate", rate / gemm_rate, 0.85)
    return met & at_most(f"{device}: gradient, relative difference", gradient_error(device), 1e-5)


def compare_memory() -> bool:
    g, reference = batch("cuda")
    ours = extra_memory(lambda: nystrom_mmd2_with_grad(g, reference))
    theirs = extra_memory(lambda: autograd(g, reference))
    print(f"cuda: peak extra memory {ours / 2**20:.0f} MiB, autograd {theirs / 2**20:.0f} MiB")
    return at_most("cuda: share of autograd's memory", ours / theirs, 0.1)


def autograd(g: Tensor, reference: NystromReference) -> Tensor:
    """dL/dg of the plain formula, recomputed in the backward pass to keep no N x N matrix."""
    g = g.detach().requires_grad_()
    checkpoint(nystrom_mmd2, g, reference, use_reentrant=False).backward()
    return g.grad


def gradient_error(device: str) -> float:
    """The float32 gradient against float64 autograd, for a quarter of the batch."""
    g, reference = batch(device)
    g = g[: N // 4]
    exact = autograd(g.double(), reference)
    return difference(nystrom_mmd2_with_grad(g, reference)[1], exact)


def batch(device: str) -> tuple[Tensor, NystromReference]:
    generator = torch.Generator().manual_seed(0)
    g, z = (torch.randn(rows, DIM, generator=generator) for rows in (N, M))
    alpha = torch.rand(M, generator=generator) / M
    reference = NystromReference(0.9 * z, alpha, gamma=1 / (4 * DIM), k_rr=0.4)
    return (g + 0.1).to(device), reference.to(device)


def extra_memory(run: Callable[[], object]) -> int:
    """Peak bytes on the GPU above what is held before."""
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    run()
    return torch.cuda.max_memory_allocated() - before


if __name__ == "__main__":
    sys.exit(main())
