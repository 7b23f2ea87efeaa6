"""Is the batch axis at matched wall clock? Training seconds of each run, from its records.

python benchmarks/batch_axis.py [results/demo]     after: snakemake -c2 table6
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

from measure import at_most

BAR = 1.25  # slowest over fastest batch


def main() -> int:
    results = Path(sys.argv[1] if len(sys.argv) > 1 else "results/demo")
    seconds: dict[int, list[float]] = defaultdict(list)
    for path in results.glob("runs/batch_*/history.json.prov.json"):
        record = json.loads(path.read_text())
        seconds[record["params"]["run"]["value"]["batch"]].append(record["seconds"])
    if not seconds:
        print(f"{results}: no run of the batch axis; make them: snakemake -c2 table6")
        return 2
    # the fastest of the seeds is the one that other work on the machine disturbed least
    fastest = {batch: min(values) for batch, values in sorted(seconds.items())}
    for batch, least in fastest.items():
        print(f"batch {batch:>5}: {least:5.0f} to {max(seconds[batch]):.0f} s over the seeds")
    ratio = max(fastest.values()) / min(fastest.values())
    return int(not at_most("seconds of the slowest batch over the fastest", ratio, BAR))


if __name__ == "__main__":
    sys.exit(main())
