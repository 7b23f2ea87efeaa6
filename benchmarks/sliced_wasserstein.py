"""One SW ratio of a generated set, against versions that keep nothing of the real sets.

python benchmarks/sliced_wasserstein.py     2 threads
"""

import sys

import ot
import torch
from measure import at_least, at_most, take_turns
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
        "POT": lambda: pot_ratio(generated, train, val, unit),
    }
    ours, plain, pot = take_turns(versions, ROUNDS).values()
    print(f"SW ratio {ours.seconds:.3g} s, plain {plain.seconds:.3g} s, POT {pot.seconds:.3g} s")
    met = at_least("times faster than projecting and sorting", plain.seconds / ours.seconds, 5)
    met &= at_least("times faster than POT", pot.seconds / ours.seconds, 30)
    for name, other in (("plain", plain), ("POT", pot)):
        error = abs(ours.result / other.result - 1)
        met &= at_most(f"relative difference from {name}", error, 1e-5)
    return int(not met)


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


def pot_ratio(generated: Tensor, train: Tensor, val: Tensor, unit: Tensor) -> float:
    """The same by POT, which takes two sets at a time."""

    def distance(x: Tensor) -> float:
        arrays = x.numpy(), train.numpy()
        return float(ot.sliced.sliced_wasserstein_distance(*arrays, projections=unit.numpy(), p=2))

    return distance(generated) / distance(val)


if __name__ == "__main__":
    sys.exit(main())
