"""Gradient caching gives the gradient of the whole batch."""

import pytest
import torch

from rdm_pipeline.discrepancies.nystrom import nystrom_mmd2
from rdm_pipeline.reference.coupling import couple
from tests.training.toy import Toy


@pytest.mark.parametrize("micro_batches", [1, 2, 3, 8, 24])
def test_it_equals_the_gradient_of_the_whole_batch(micro_batches):
    toy, weights = Toy(), torch.tensor([1.3, 0.4], dtype=torch.float64)
    expected = toy.full_gradient(weights)
    _, found = toy.cached_gradient(weights, micro_batches, [])
    for a, b in zip(expected, found, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


def test_scores_are_the_raw_discrepancies():
    toy = Toy()
    scores, _ = toy.cached_gradient(torch.ones(2, dtype=torch.float64), 3, [])
    for score, (name, target) in zip(scores, toy.targets.items(), strict=True):
        features = toy.encoders[name](toy.generator(toy.noise))
        coupled = couple(features, toy.labels, toy.codes, target.beta)
        assert float(score) == pytest.approx(float(nystrom_mmd2(coupled, toy.references[name])))


def test_an_encoder_of_weight_zero_costs_no_second_pass():
    seen: list = []
    Toy().cached_gradient(torch.tensor([0.0, 1.0], dtype=torch.float64), 2, seen)
    assert seen == [(0, ("a", "b")), (1, ("a", "b")), (0, ("b",)), (1, ("b",))]


def test_a_batch_of_one_micro_batch_is_passed_once():
    seen: list = []
    Toy().cached_gradient(torch.ones(2, dtype=torch.float64), 1, seen)
    assert seen == [(0, ("a", "b"))]


def test_weights_of_zero_give_a_gradient_of_zero():
    _, gradients = Toy().cached_gradient(torch.zeros(2, dtype=torch.float64), 2, [])
    assert all(float(g.abs().max()) == 0 for g in gradients)
