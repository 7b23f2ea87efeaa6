"""How long a dry run of ImageNet's graph takes, without its data.

python benchmarks/plan.py
"""

import subprocess
import sys
import time
from pathlib import Path

from measure import at_most

ROOT = Path(__file__).resolve().parents[1]
BAR = 10.0  # seconds


def main() -> int:
    met = [planned(target) for target in ("table1", "all")]
    return int(not all(met))


def planned(target: str) -> bool:
    command = [sys.executable, "-m", "snakemake", "-n", "--config", "profile=imagenet"]
    started = time.monotonic()
    done = subprocess.run(
        [*command, "--", target], cwd=ROOT, capture_output=True, text=True, check=True
    )
    seconds = time.monotonic() - started
    jobs = next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("total "))
    return at_most(f"snakemake -n, imagenet, {target}, {jobs} jobs: seconds", seconds, BAR)


if __name__ == "__main__":
    sys.exit(main())
