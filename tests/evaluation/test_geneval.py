"""GenEval's rules, each by a case worked out from the official scorer's definition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdm_pipeline.datasets.scene_prompts import all_prompts
from rdm_pipeline.errors import RdmError
from rdm_pipeline.evaluation.geneval import (
    TASKS,
    Detection,
    Verdict,
    contamination,
    judge,
    rates,
    relations,
    sample_seeds,
    unseen,
)
from rdm_pipeline.evaluation.geneval_lines import check_complete, parse_prompts, parse_results

ONE = {"include": [{"class": "bench", "count": 1}]}
THREE = {
    "include": [{"class": "clock", "count": 3}],
    "exclude": [{"class": "clock", "count": 4}],
}
BESIDE = {
    "include": [
        {"class": "dog", "count": 1},
        {"class": "cat", "count": 1, "position": ["left of", 0]},
    ]
}


def at(x: float, y: float = 0.0, confidence: float = 0.9, color: str = "red", side: float = 10.0):
    half = side / 2
    return Detection((x - half, y - half, x + half, y + half), confidence, color)


def test_an_object_must_be_there_and_others_may_be():
    assert judge({"bench": [at(0)]}, ONE) == ""
    assert judge({"bench": [at(0), at(50)], "dog": [at(9)]}, ONE) == ""
    assert judge({"dog": [at(0)]}, ONE) == "expected bench>=1, found 0"


@pytest.mark.parametrize(("count", "right"), [(2, False), (3, True), (4, False)])
def test_a_count_is_exact(count, right):
    assert (judge({"clock": [at(20 * i) for i in range(count)]}, THREE) == "") is right


def test_the_colour_is_that_of_the_most_confident_object_of_the_class():
    asked = {"include": [{"class": "dog", "count": 1, "color": "red"}]}
    sure, unsure = at(0, confidence=0.9, color="blue"), at(50, confidence=0.4, color="red")
    assert judge({"dog": [unsure, sure]}, asked) == "expected red dog>=1, found blue"
    assert judge({"dog": [at(0, color="red"), unsure]}, asked) == ""


def test_colours_are_of_their_own_objects():
    asked = {
        "include": [
            {"class": "dog", "count": 1, "color": "red"},
            {"class": "cat", "count": 1, "color": "blue"},
        ]
    }
    assert judge({"dog": [at(0, color="red")], "cat": [at(50, color="blue")]}, asked) == ""
    assert judge({"dog": [at(0, color="blue")], "cat": [at(50, color="red")]}, asked) != ""


def test_a_position_is_of_the_second_object_relative_to_the_first():
    assert judge({"dog": [at(50)], "cat": [at(0)]}, BESIDE) == ""
    wrong = judge({"dog": [at(0)], "cat": [at(50)]}, BESIDE)
    assert wrong == "expected cat left of target, found right of target"
    alone = judge({"cat": [at(0)]}, BESIDE)
    assert alone == "expected dog>=1, found 0\nno target for cat to be left of"


def test_a_relation_needs_an_offset_beyond_a_tenth_of_both_sides():
    """Sides of 10 and 10: a tenth of their sum is 2."""
    assert relations(at(0).box, at(2.0).box) == set()
    assert relations(at(0).box, at(4.1).box) == {"left of"}  # (4.1 - 2) / 4.1 > 0.5
    assert relations(at(0).box, at(3.9).box) == set()  # (3.9 - 2) / 3.9 < 0.5


def test_on_the_diagonal_two_relations_hold():
    """Offset (-20, -20): less 2 each it is 18 / 28.3 = 0.64 along both axes."""
    assert relations(at(0, 0).box, at(20, 20).box) == {"left of", "above"}
    assert relations(at(0, 0).box, at(8, 20).box) == {"above"}  # 6 / 21.5 = 0.28


boxes = st.tuples(st.floats(0, 100), st.floats(0, 100), st.floats(1, 50), st.floats(1, 50)).map(
    lambda told: (told[0], told[1], told[0] + told[2], told[1] + told[3])
)
OPPOSITE = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}


@given(boxes, boxes)
def test_relations_turn_round_with_the_objects(one, other):
    assert {OPPOSITE[name] for name in relations(one, other)} == relations(other, one)


# --- aggregation --------------------------------------------------------------------------------


def verdicts(**counts: tuple[int, int]) -> list[Verdict]:
    """Per task so many right images of so many, each of a prompt of its own."""
    return [
        Verdict(f"{task} {index}", task, index < right)
        for task, (right, count) in counts.items()
        for index in range(count)
    ]


def test_overall_is_the_mean_of_tasks_and_not_of_images():
    found = rates(
        verdicts(
            single_object=(1, 1),
            two_object=(1, 1),
            counting=(0, 8),
            colors=(1, 1),
            position=(1, 4),
            color_attr=(1, 2),
        )
    )
    assert found.tasks["position"] == 0.25
    assert found.overall == pytest.approx((1 + 1 + 0 + 1 + 0.25 + 0.5) / 6)
    assert (found.images, found.prompts) == (17, 17)


def test_without_one_of_the_six_tasks_there_is_no_overall():
    found = rates(verdicts(single_object=(1, 2), counting=(0, 1)))
    assert found.tasks == {"single_object": 0.5, "counting": 0.0}
    assert found.overall is None


def test_contamination_counts_prompts_and_what_is_left_is_held_out():
    found = [*verdicts(counting=(1, 4)), *verdicts(counting=(1, 4))]
    pool = ["counting 1", "counting 1", "something else"]
    assert contamination(found, pool) == 0.25
    assert {each.prompt for each in unseen(found, pool)} == {
        "counting 0",
        "counting 2",
        "counting 3",
    }
    assert contamination(found, []) == 0.0


def test_every_sample_has_a_seed_of_its_own():
    seeds = sample_seeds(553, 4, 46_000_000)
    assert seeds[:5] == [46_000_000, 46_000_001, 46_000_002, 46_000_003, 46_000_100]
    assert len(set(seeds)) == 553 * 4 and seeds[-1] == 46_055_203
    with pytest.raises(RdmError, match="found 101"):
        sample_seeds(2, 101, 0)


# --- lines --------------------------------------------------------------------------------------

LINE = {"tag": "colors", "prompt": "a photo of a red dog", "correct": True, "filename": "x.png"}


def test_results_are_read_whatever_else_a_line_has():
    assert parse_results([LINE], "r") == [Verdict("a photo of a red dog", "colors", True)]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"correct": None}, "r:2: correct"),
        ({"correct": 1}, "r:2: correct"),
        ({"tag": "size"}, "r:2: tag"),
        ({"prompt": 3}, "r:2: prompt"),
    ],
)
def test_a_line_that_is_no_result_is_named(change, complaint):
    with pytest.raises(RdmError) as caught:
        parse_results([LINE, {**LINE, **change}], "r")
    assert str(caught.value).startswith(complaint) and "\n" not in str(caught.value)


def test_a_line_that_lacks_a_key_is_named():
    with pytest.raises(RdmError, match="r:1: correct: missing"):
        parse_results([{key: LINE[key] for key in ("tag", "prompt")}], "r")
    with pytest.raises(RdmError, match="r:1"):
        parse_results(["text"], "r")


def test_our_own_prompts_are_read_back_as_they_are():
    assert parse_prompts(all_prompts(), "p") == all_prompts()
    assert {each["tag"] for each in all_prompts()} == set(TASKS)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"include": []}, "p:2: include"),
        ({"include": [{"class": "dog"}]}, r"p:2: include\S*count: missing"),
        ({"tag": "size"}, "p:2: tag"),
        ({"include": [{"class": "a", "count": 1, "position": ["near", 0]}]}, "p:2: include"),
        ({"include": [{"class": "a", "count": 1, "position": ["above", 0]}]}, "p:2: position of 0"),
        ({"prompt": "again"}, "p:2: found 'again' twice"),
    ],
)
def test_a_line_that_is_no_prompt_is_named(change, complaint):
    whole = {"tag": "single_object", "prompt": "b", "include": [{"class": "dog", "count": 1}]}
    with pytest.raises(RdmError, match=f"^{complaint}"):
        parse_prompts([{**whole, "prompt": "again"}, {**whole, **change}], "p")


def test_results_are_of_all_samples_of_all_prompts_and_of_no_others():
    told = [{"prompt": "a", "tag": "colors"}, {"prompt": "b", "tag": "counting"}]
    a, b = Verdict("a", "colors", True), Verdict("b", "counting", False)
    check_complete([a, b, a, b], told, 2, "r")
    for wrong, found in (([a, a, b], "1 images of 'b'"), ([a, a, b, b, b], "3 images of 'b'")):
        with pytest.raises(RdmError, match=f"found {found}"):
            check_complete(wrong, told, 2, "r")
    with pytest.raises(RdmError, match="expected 0"):
        check_complete([a, a, b, b, Verdict("c", "colors", True)], told, 2, "r")
