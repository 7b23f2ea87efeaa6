"""What is kept of renders: by a detector's verdicts, or the best of each prompt."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rdm_pipeline.errors import RdmError
from rdm_pipeline.reference.curation import keep_all, keep_best, keep_correct, shares

# few values, so that many are equal
SCORES = st.tuples(st.integers(1, 5), st.integers(1, 6)).flatmap(
    lambda shape: arrays(np.float32, shape, elements=st.sampled_from([-1.0, 0.0, 0.5, 2.0]))
)


def rows(kept) -> list[int]:
    return [each.row for each in kept]


def test_right_images_are_kept_in_their_order_with_the_detector_that_says_so():
    kept = keep_correct([True, False, True], "official")
    assert [(each.row, each.why) for each in kept] == [
        (0, "correct by official"),
        (2, "correct by official"),
    ]
    assert rows(keep_all(3)) == [0, 1, 2]


def test_the_best_of_each_prompt_are_kept_and_of_equal_ones_the_earlier():
    kept = keep_best(np.array([[1.0, 3.0, 3.0, 2.0], [5.0, 5.0, 5.0, 5.0]]), 2)
    assert [(each.row, each.why) for each in kept] == [
        (1, "1 of 4 by preference, 3.0000"),
        (2, "2 of 4 by preference, 3.0000"),
        (4, "1 of 4 by preference, 5.0000"),
        (5, "2 of 4 by preference, 5.0000"),
    ]


@given(SCORES, st.data())
def test_every_prompt_keeps_as_many_and_none_left_is_better(scores, data):
    prompts, samples = scores.shape
    count = data.draw(st.integers(1, samples))
    kept = np.array(rows(keep_best(scores, count)))
    assert (np.bincount(kept // samples, minlength=prompts) == count).all()
    assert (np.diff(kept) > 0).all()
    for prompt in range(prompts):
        own = kept[kept // samples == prompt] % samples
        left = np.setdiff1d(np.arange(samples), own)
        worst = scores[prompt, own].min()
        assert (scores[prompt, left] <= worst).all()
        equal = own[scores[prompt, own] == worst]
        assert not [seed for seed in left if scores[prompt, seed] == worst and seed < equal.max()]


def test_more_than_there_are_and_scores_that_are_no_numbers_are_refused():
    with pytest.raises(RdmError, match="best: 3 of 2 samples"):
        keep_best(np.zeros((1, 2)), 3)
    with pytest.raises(RdmError, match="1 scores are not finite"):
        keep_best(np.array([[0.0, np.nan]]), 1)


def test_shares_are_of_all_rows():
    assert shares({"a": 3, "b": 1}) == {"a": 0.75, "b": 0.25}
