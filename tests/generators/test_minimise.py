from itertools import pairwise

from rdm_pipeline.generators.minimise import warmup_cosine


def test_the_learning_rate_rises_to_one_then_falls_to_zero():
    rates = [warmup_cosine(step, 150, 5) for step in range(150)]
    assert rates[:6] == [0.2, 0.4, 0.6, 0.8, 1.0, 1.0]
    assert all(a >= b for a, b in pairwise(rates[4:]))
    assert rates[-1] < 1e-3
    assert warmup_cosine(0, 150, 0) == 1.0
