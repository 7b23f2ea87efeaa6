"""Win rates and scores as formulas; what may be paired; prompts."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rdm_pipeline.errors import RdmError
from rdm_pipeline.evaluation.preference import (
    class_prompts,
    matched_by,
    preference_scores,
    win_rate,
)

SCORES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=20)


def test_a_score_is_the_scaled_cosine_of_image_and_text():
    images = torch.tensor([[3.0, 4.0], [0.0, 2.0]])
    texts = torch.tensor([[1.0, 0.0], [0.0, -5.0]])
    scores = preference_scores(images, texts, torch.tensor(math.log(100.0)))
    assert scores.tolist() == pytest.approx([60.0, -100.0])


def test_a_tie_is_half_a_win():
    found = win_rate(torch.tensor([1.0, 2.0, 3.0, 0.0]), torch.tensor([1.0, 1.0, 4.0, 0.0]))
    assert (found.rate, found.pairs) == (0.5, 4)


@given(SCORES)
def test_both_sides_share_the_pairs_and_the_error_is_that_of_a_mean(pairs):
    ours, theirs = (torch.tensor(side, dtype=torch.float32) for side in zip(*pairs, strict=True))
    there, back = win_rate(ours, theirs), win_rate(theirs, ours)
    assert there.rate + back.rate == pytest.approx(1)
    assert there.rate == pytest.approx(
        sum(1 if a > b else 0.5 if a == b else 0 for a, b in pairs) / len(pairs)
    )
    assert there.error == pytest.approx(back.error)
    assert there.error <= 0.5 / math.sqrt(len(pairs)) + 1e-9


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        ([1.0], [1.0, 2.0], "1 and 2 scores"),
        ([], [], "0 and 0 scores"),
        ([math.nan], [1.0], "not finite"),
    ],
)
def test_sets_that_are_no_pairs_are_refused(ours, theirs, told):
    with pytest.raises(RdmError, match=told):
        win_rate(torch.tensor(ours), torch.tensor(theirs))


def test_images_from_different_noise_are_no_pairs():
    assert matched_by("seed 1, shape 64", "seed 1, shape 64") == "noise and class"
    assert matched_by("seed 1, shape 64", None) == "class"
    with pytest.raises(RdmError, match="noise of seed 1, shape 64 against noise of seed 2"):
        matched_by("seed 1, shape 64", "seed 2, shape 64")


def test_a_prompt_names_the_class_and_imagenets_ids_have_names():
    classes = ["n01440764", "n15075141", "ankle_boot"]
    assert class_prompts(classes, "a photo of a {}") == [
        "a photo of a tench",
        "a photo of a toilet paper",
        "a photo of a ankle boot",
    ]
