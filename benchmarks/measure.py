"""What the benchmarks share: versions timed in turn in one run, and bars that are met or missed."""

import time
from collections.abc import Callable, Mapping

import torch

GEMM_SIZE = 4096
GEMM_FLOP = 2 * GEMM_SIZE**3


def best_seconds(
    versions: Mapping[str, Callable[[], object]], rounds: int, device: str = "cpu"
) -> dict[str, float]:
    """Best time of each version; they take turns, so that a busy machine is busy for all."""
    seconds = dict.fromkeys(versions, float("inf"))
    for version in versions.values():
        version()
    for _ in range(rounds):
        for name, version in versions.items():
            seconds[name] = min(seconds[name], _seconds(version, device))
    return seconds


def gemm(device: str = "cpu") -> Callable[[], object]:
    """A float32 matrix product of GEMM_FLOP operations: what the machine can do."""
    a, b, out = (torch.rand(GEMM_SIZE, GEMM_SIZE, device=device) for _ in range(3))
    return lambda: torch.mm(a, b, out=out)


def difference(found: torch.Tensor, exact: torch.Tensor) -> float:
    """|found - exact| / |exact|."""
    return float((found - exact).norm() / exact.norm())


def at_least(what: str, value: float, bar: float) -> bool:
    """Print a value beside its bar; whether it is met."""
    return _verdict(f"{what}: {value:.3g} (at least {bar:g})", value >= bar)


def at_most(what: str, value: float, bar: float) -> bool:
    """Print a value beside its bar; whether it is met."""
    return _verdict(f"{what}: {value:.3g} (at most {bar:g})", value <= bar)


def _verdict(line: str, met: bool) -> bool:
    print(line, "ok" if met else "MISSED", flush=True)
    return met


def _seconds(version: Callable[[], object], device: str) -> float:
    _wait(device)
    started = time.perf_counter()
    version()
    _wait(device)
    return time.perf_counter() - started


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
