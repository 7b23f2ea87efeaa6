"""What a running training tells a person: a line, a JSONL file, TensorBoard. Nothing reads it."""

import json
import resource
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch.utils.tensorboard import SummaryWriter

LINES = "steps.jsonl"


class Monitor:
    """Times the steps of a run and writes each below `folder`.

    A resumed run goes on behind the last step of its checkpoint: what was told of later steps by
    the run that was killed is dropped.
    """

    def __init__(self, folder: Path, first_step: int) -> None:
        """Open both files to go on at `first_step`."""
        folder.mkdir(parents=True, exist_ok=True)
        told = _told(folder / LINES)
        kept = [json.dumps(line) + "\n" for line in told if line["step"] < first_step]
        (folder / LINES).write_text("".join(kept))
        self.lines = (folder / LINES).open("a", buffering=1)
        self.board = SummaryWriter(str(folder), purge_step=first_step)
        self.last = time.monotonic()

    def tell(self, entry: Mapping[str, Any], device_hours: float) -> str:
        """Write one entry of the run's history; return throughput, memory and hours as text."""
        now = time.monotonic()
        seconds, self.last = now - self.last, now
        cost = {
            "seconds": seconds,
            "images_per_second": entry["batch"] / seconds,
            "peak_memory_gb": peak_memory() / 1e9,
            "device_hours": device_hours,
        }
        self.lines.write(json.dumps({**entry, **cost}) + "\n")
        for name, value in {**_flat(entry), **cost}.items():
            self.board.add_scalar(name, value, entry["step"])
        return (
            f"{cost['images_per_second']:.0f} images/s, {cost['peak_memory_gb']:.1f} GB, "
            f"{device_hours:.2f} device-hours"
        )

    def close(self) -> None:
        """Flush both files."""
        self.lines.close()
        self.board.close()


def peak_memory() -> int:
    """Return the most bytes that this rank held: of the GPU where there is one, else resident."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _told(path: Path) -> list[dict[str, Any]]:
    """Return the lines of an earlier start; a last one that was cut off is dropped."""
    lines = []
    for text in path.read_text().splitlines() if path.exists() else ():
        try:
            lines.append(json.loads(text))
        except json.JSONDecodeError:
            break
    return lines


def _flat(entry: Mapping[str, Any]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for name, value in entry.items():
        if isinstance(value, Mapping):
            numbers |= {f"{name}/{key}": one for key, one in value.items()}
        elif isinstance(value, (int, float)) and name != "step":
            numbers[name] = value
    return numbers
