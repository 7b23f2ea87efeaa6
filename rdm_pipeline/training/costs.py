"""What a run has cost so far: device-hours over all its starts, kept beside its checkpoints."""

import time
from pathlib import Path
from typing import Any

from rdm_pipeline.artifacts import read_json, write_json

FILE = "costs.json"


class Costs:
    """Device-hours of a run: wall time times ranks, from the beginning of every start on.

    They are written after each step, by rank 0. What a killed start did after its last whole step
    is not known and not counted; what it did before is, even if no checkpoint came of it.
    """

    def __init__(self, folder: Path, rank: int, ranks: int, began: float) -> None:
        """Go on from earlier starts; `began` is when this one did, on the monotonic clock."""
        self.file, self.rank, self.ranks, self.last = folder / FILE, rank, ranks, began
        known = read_json(self.file) if self.file.exists() else {}
        self.hours: float = known.get("device_hours", 0.0)
        self.reached: list[dict[str, Any]] = known.get("reached", [])
        self.count()

    def count(self) -> None:
        """Add the time since the last count."""
        now = time.monotonic()
        self.hours += self.ranks * (now - self.last) / 3600
        self.last = now
        if self.rank == 0:
            write_json(self.file, {"device_hours": self.hours, "reached": self.reached})

    def reach(self, step: int, images: int) -> None:
        """Note the hours of a step's end; a step made again is noted again."""
        before = [entry for entry in self.reached if entry["step"] < step]
        entry = {"step": step, "images": images, "device_hours": self.hours}
        self.reached = [*before, entry]
