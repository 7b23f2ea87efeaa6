"""What the benchmarks share: versions timed in turn in one run, and bars that are met or missed."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

GEMM_SIZE = 4096
GEMM_FLOP = 2 * GEMM_SIZE**3


@dataclass
class Timed:
    """The shortest time a version took, and what it returned last."""

    seconds: float
    result: Any


def take_turns(
    versions: Mapping[str, Callable[[], Any]], rounds: int, device: str = "cpu"
) -> dict[str, Timed]:
    """Time all versions round by round, so that a busy machine is busy for all of them."""
    timed = {name: Timed(float("inf"), None) for name in versions}
    for _ in range(rounds):
        for name, version in versions.items():
            _wait(device)
            started = time.perf_counter()
            result = version()
            _wait(device)
            seconds = min(timed[name].seconds, time.perf_counter() - started)
            timed[name] = Timed(seconds, result)
    return timed


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


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
