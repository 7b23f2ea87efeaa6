"""The battery objective: what ranks share, and what is refused."""

from dataclasses import replace

import pytest
import torch

from rdm_pipeline.errors import RdmError
from rdm_pipeline.training.objective import NotFinite, Rows, battery_gradients
from tests.training.toy import DIMS, N, Toy


def gradients_of(rows: Rows, shares: list | None = None, total=lambda x: x, weights=(0.5, 2.0)):
    toy = Toy()
    features = {n: e(toy.generator(toy.noise)).detach() for n, e in toy.encoders.items()}
    weights = torch.tensor(weights, dtype=torch.float64)

    def add(values):
        if shares is not None:
            shares.append(values.clone())
        return total(values)

    return battery_gradients(features, toy.batch(), toy.targets, weights, rows, add)


def test_ranks_that_own_a_part_of_the_rows_find_the_same_as_one_that_owns_all():
    scores, whole = gradients_of(Rows(0, N))
    shares: list = []
    for rows in (Rows(0, 8), Rows(8, N)):
        gradients_of(rows, shares)
    summed = sum(shares)
    for rows in (Rows(0, 8), Rows(8, N)):
        found, parts = gradients_of(rows, total=lambda _: summed.clone())
        torch.testing.assert_close(found, scores, rtol=1e-12, atol=1e-14)
        for name in DIMS:
            torch.testing.assert_close(parts[name], whole[name][rows.start : rows.stop])


def test_an_encoder_of_weight_zero_is_scored_as_ever_and_gets_no_gradient():
    scores, gradients = gradients_of(Rows(3, N))
    scores_without, gradients_without = gradients_of(Rows(3, N), weights=(0.0, 2.0))
    torch.testing.assert_close(scores_without, scores, rtol=1e-12, atol=1e-14)
    assert list(gradients_without) == ["b"]
    torch.testing.assert_close(gradients_without["b"], gradients["b"])


def test_a_score_that_is_not_finite_is_refused_by_name():
    with pytest.raises(RdmError, match="score or gradient of encoder b not finite"):
        gradients_of(Rows(0, N), total=lambda s: torch.stack([s[0], s[1] * float("nan")]))


def test_a_gradient_that_is_not_finite_is_told_to_every_rank_through_the_score():
    class Broken:
        def with_gradient(self, g_all, start, stop, step):
            return torch.ones((), dtype=torch.float64), torch.full((stop - start, 9), torch.inf)

    toy = Toy()
    toy.targets["b"] = replace(toy.targets["b"], share=Broken())
    features = {n: e(toy.generator(toy.noise)).detach() for n, e in toy.encoders.items()}
    ones, seen = torch.ones(2, dtype=torch.float64), []
    with pytest.raises(NotFinite, match="score or gradient of encoder b not finite"):
        battery_gradients(
            features, toy.batch(), toy.targets, ones, Rows(0, 8), lambda s: seen.append(s) or s
        )
    assert seen[0].isfinite().tolist() == [True, False]
