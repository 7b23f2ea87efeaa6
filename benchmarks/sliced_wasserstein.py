"""One SW ratio of a generated set, against versions that keep nothing of the real sets.

python benchmarks/sliced_wasserstein.py     2 threads
"""

import sys

import ot
import torch
from measure import at_least, at_most, best_seconds
from torch import Tensor

from rdm_pipeline.evaluation.sw import sw_ratio
from rdm_pipeline.reference.bank import EvaluationBank, build_bank

THREADS, ROUNDS = 2, 2
N, DIRECTIONS, DIM = 16384, 1024, 1024


def main() -> int:
    torch.set_num_threads(THREADS)
    generator = torch.Generator().manual_seed(0)
    generated, train = (torch.randn(N, DIM, generator=generator) * s for s in (1.2, 1.0))
    real = torch.randn(2 * N, DIM, generator=generator)
    bank = build(train, real)
    val, unit = real[bank.val_rows[0]], bank.directions()
    versions = {
        "ours": lambda: sw_ratio(generated, bank),
        "plain": lambda: plain_ratio(generated, train, val, unit),
        "POT": lambda: pot_distance(generated, train, unit),
    }
    seconds = best_seconds(versions, ROUNDS)
    ours, plain, pot = seconds.values()
    print(f"SW ratio {ours:.3g} s, plain {plain:.3g} s; POT, for the numerator alone, {pot:.3g} s")
    met = at_least("times faster than projecting and sorting all sets", plain / ours, 5)
    met &= at_least("times faster than POT", pot / ours, 30)
    error = abs(sw_ratio(generated, bank) / plain_ratio(generated, train, val, unit) - 1)
    met &= at_most("difference of the ratio from the plain one's, relative", error, 1e-5)
    numerator = sw_ratio(generated, bank) * bank.sw_floor
    error = abs(numerator / pot_distance(generated, train, unit) - 1)
    return int(not (met & at_most("difference of the distance from POT's, relative", error, 1e-3)))


def build(train: Tensor, real: Tensor) -> EvaluationBank:
    # The random features of the other metric are as few as can be.
    return build_bank(
        train,
        real,
        sigma=1.0,
        samples=N,
        directions=DIRECTIONS,
        seed=0,
        draws=1,
        rff_features=8,
        rff_seed=0,
        rff_rows=8,
    )


def plain_ratio(generated: Tensor, train: Tensor, val: Tensor, unit: Tensor) -> float:
    """SW(generated, train) / SW(val, train), from the features of all three."""
    sets = [(x @ unit).sort(dim=0).values for x in (generated, train, val)]
    numerator, floor = ((x - sets[1]).square().mean().sqrt() for x in (sets[0], sets[2]))
    return float(numerator / floor)


def pot_distance(x: Tensor, y: Tensor, unit: Tensor) -> float:
    arrays = x.numpy(), y.numpy()
    return float(ot.sliced.sliced_wasserstein_distance(*arrays, projections=unit.numpy(), p=2))


if __name__ == "__main__":
    sys.exit(main())
