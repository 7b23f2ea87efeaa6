import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rdm_pipeline.generators.noise import balanced_labels, sample_labels, sample_noise

words = st.integers(0, 2**64 - 1)


@given(words, words, st.lists(words, min_size=1, max_size=8), st.data())
def test_a_sample_does_not_depend_on_the_others_of_its_chunk(seed, step, indices, data):
    cut = data.draw(st.integers(0, len(indices)))
    whole = sample_noise(seed, step, indices, (3, 2))
    parts = [sample_noise(seed, step, part, (3, 2)) for part in (indices[:cut], indices[cut:])]
    assert torch.equal(whole, torch.cat(parts))
    labels = sample_labels(seed, step, indices, 1000)
    parts = [sample_labels(seed, step, part, 1000) for part in (indices[:cut], indices[cut:])]
    assert torch.equal(labels, torch.cat(parts))


@given(st.lists(words, min_size=3, max_size=3, unique=True), words)
def test_seed_step_and_index_each_change_the_noise(values, other):
    first = sample_noise(values[0], values[1], [values[2]], (4,))
    variants = [
        (values[2], values[1], [values[2]]),
        (values[0], values[2], [values[2]]),
        (values[0], values[1], [values[1]]),
        (values[1], values[0], [values[2]]),
    ]
    for seed, step, indices in variants:
        assert not torch.equal(first, sample_noise(seed, step, indices, (4,)))


def test_the_shape_is_filled_in_order():
    flat = sample_noise(1, 2, range(5), (12,))
    assert flat.dtype == torch.float32
    assert torch.equal(flat.view(5, 3, 4), sample_noise(1, 2, range(5), (3, 4)))


def test_the_noise_is_standard_normal_and_uncorrelated_between_samples():
    noise = sample_noise(3, 0, range(4000), (16,)).numpy()
    assert stats.kstest(noise.ravel(), "norm").pvalue > 1e-3
    neighbours = np.corrcoef(noise[:-1].ravel(), noise[1:].ravel())[0, 1]
    assert abs(neighbours) < 0.02


def test_labels_are_uniform_over_the_classes():
    counts = np.bincount(sample_labels(3, 0, range(6000), 7).numpy(), minlength=7)
    assert stats.chisquare(counts).pvalue > 1e-3


def test_labels_are_independent_of_the_noise():
    noise = sample_noise(3, 0, range(4000), (1,))[:, 0].numpy()
    labels = sample_labels(3, 0, range(4000), 10).numpy()
    groups = [noise[labels == label] for label in range(10)]
    assert stats.f_oneway(*groups).pvalue > 1e-3


@given(st.integers(0, 300), st.integers(1, 40))
def test_balanced_labels_differ_by_one_sample_at_most(count, classes):
    counts = torch.bincount(balanced_labels(count, classes), minlength=classes)
    assert counts.sum() == count and len(counts) == classes
    assert counts.max() - counts.min() <= 1
