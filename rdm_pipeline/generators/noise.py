"""Noise and conditions of sample i, from a counter: no other sample, chunk or rank matters.

Philox (Salmon et al. 2011, in numpy) turns a key and a 256-bit counter into random words. The key
is (seed, step); the counter's top word is the sample's index and the next one the stream, which
leaves 2^128 words to each sample.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

NOISE, LABELS = 0, 1


def sample_noise(seed: int, step: int, indices: Sequence[int], shape: tuple[int, ...]) -> Tensor:
    """Return standard normal noise (n,*shape) float32; row j depends on (seed, step, indices[j]).

    `seed`, `step` and the indices are integers from 0 to 2^64 - 1.
    """
    noise = np.empty((len(indices), math.prod(shape)), np.float32)
    for row, random in zip(noise, _streams(seed, step, indices, NOISE), strict=True):
        random.standard_normal(dtype=np.float32, out=row)
    return torch.from_numpy(noise).view(len(indices), *shape)


def sample_labels(seed: int, step: int, indices: Sequence[int], classes: int) -> Tensor:
    """Return uniform class ids (n,) int64 from 0 to classes - 1, independent of the noise."""
    draws = [random.integers(classes) for random in _streams(seed, step, indices, LABELS)]
    return torch.tensor(np.array(draws, np.int64))


def balanced_labels(count: int, classes: int, start: int = 0) -> Tensor:
    """Return class ids (count,) int64 in turn: any two classes differ by one sample at most.

    `start` is the number of samples before: a stream of batches stays balanced as a whole.
    """
    return torch.arange(start, start + count) % classes


def _streams(
    seed: int, step: int, indices: Sequence[int], stream: int
) -> Iterator[np.random.Generator]:
    # One bit generator whose counter is set anew: six times faster than one object per sample.
    # numpy makes floats of a list of large integers, hence the arrays.
    philox = np.random.Philox(key=np.array([seed, step], np.uint64))
    random = np.random.Generator(philox)
    state = philox.state
    for index in indices:
        state["state"]["counter"] = np.array([0, 0, stream, index], np.uint64)
        philox.state = state
        yield random
