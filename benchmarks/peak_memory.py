"""Does the memory of a training step grow with the batch N? Gradient caching: hardly.

python benchmarks/peak_memory.py     one process per N, the demo's generator and one encoder
"""

import json
import subprocess
import sys
from pathlib import Path

from measure import at_most

BAR = 1.20  # peak, largest N over smallest; a block of the kernel matrix is 1024 x N numbers
BATCHES = (512, 2048, 8192)
MICRO_BATCH = 128


def main() -> int:
    if len(sys.argv) > 1:
        print(json.dumps(measure(int(sys.argv[1]))))
        return 0
    used = {}
    for batch in BATCHES:
        command = [sys.executable, __file__, str(batch)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        told = json.loads(done.stdout.splitlines()[-1])
        used[batch] = told["after"]
        print(
            f"N {batch:>5}: {told['before'] / 1e6:.0f} MB before, {told['after'] / 1e6:.0f} after"
        )
    factor = BATCHES[-1] // BATCHES[0]
    growth = used[BATCHES[-1]] / used[BATCHES[0]]
    return int(not at_most(f"peak memory at {factor} times the batch, ratio", growth, BAR))


def measure(batch: int) -> dict[str, int]:
    """Make two steps at batch N; return the process's peak memory in bytes before and after."""
    import torch
    from bare_run import bare_run, random_encoders

    from rdm_pipeline.params.project import load_tree, parse
    from rdm_pipeline.params.runs import Run
    from rdm_pipeline.reference.conditions import Conditions
    from rdm_pipeline.reference.coupling import class_codes
    from rdm_pipeline.training.loop import train_step
    from rdm_pipeline.training.monitor import peak_memory

    project = parse(load_tree(Path(__file__).resolve().parents[1]))
    tree = project.runs["irdm"].model_dump() | {"batch": batch, "weighting": "uniform"}
    tree["launch"] |= {"micro_batch": MICRO_BATCH}
    run, cpu = Run.model_validate(tree), torch.device("cpu")
    networks = {"random": project.encoders["random"].network}
    encoders = random_encoders(networks, 1, 28, cpu)
    dims = {"random": networks["random"].dim}
    classes = Conditions(class_codes(10))
    engine, setting, state = bare_run(project, run, encoders, dims, classes, (1, 28), cpu)
    before = peak_memory()
    for _ in range(2):
        train_step(engine, setting, state)
        state.step += 1
    return {"before": before, "after": peak_memory()}


if __name__ == "__main__":
    sys.exit(main())
