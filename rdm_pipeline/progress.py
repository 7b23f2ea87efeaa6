"""Progress of long work as plain lines, for a terminal, a log file and a cluster's output."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
INTERVAL = 5.0


class Progress:
    """Print `label done/total note (seconds left)` at most every few seconds, and at the end."""

    def __init__(self, label: str, total: int) -> None:
        self.label, self.total = label, total
        self.started = self.last = time.monotonic()
        self.first: int | None = None

    def update(self, done: int, note: str = "") -> None:
        """Say that `done` of `total` units are finished."""
        self.first = done if self.first is None else self.first
        now = time.monotonic()
        if now - self.last < INTERVAL and done < self.total:
            return
        self.last = now
        rate = (done - self.first) / (now - self.started) if now > self.started else 0.0
        left = f", {(self.total - done) / rate:.0f} s left" if rate and done < self.total else ""
        print(f"[{self.label}] {done}/{self.total} {note}{left}", file=sys.stderr, flush=True)


def note(label: str, text: str) -> None:
    """Print what a step without a count is at."""
    print(f"[{label}] {text}", file=sys.stderr, flush=True)


def tracked(items: Sequence[Item], label: str) -> Iterator[Item]:
    """Yield the items and report how many are done."""
    progress = Progress(label, len(items))
    for index, item in enumerate(items, start=1):
        yield item
        progress.update(index)


Report = Callable[[int, int, float], None]


def loss_report(label: str) -> Report:
    """Return a callback `(step, steps, loss)` that prints progress with the loss."""
    progress: list[Progress] = []

    def report(step: int, steps: int, loss: float) -> None:
        if not progress:
            progress.append(Progress(label, steps))
        progress[0].update(step, f"loss {loss:.4f}")

    return report
