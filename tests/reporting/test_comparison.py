"""Variants over seeds, and whether the paper's order shows in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdm_pipeline.reporting.comparison import Pairs, Row, comparison_table, pairs_in_order

CLEAR = {"a": [1.0, 1.1], "b": [2.0, 2.1], "c": [3.0, 3.2]}


def test_an_order_that_holds_beyond_the_spread_shows():
    pairs = pairs_in_order(["a", "b", "c"], CLEAR)
    assert (pairs.agree, pairs.disagree, pairs.close) == (3, 0, 0)
    assert pairs.verdict == "shows at this scale"


def test_the_reverse_of_an_order_does_not_show():
    assert pairs_in_order(["c", "b", "a"], CLEAR).verdict == "does not show at this scale"


def test_one_pair_the_other_way_round_shows_in_part():
    assert pairs_in_order(["a", "c", "b"], CLEAR).verdict == "shows in part"


def test_differences_within_the_spread_cannot_be_told():
    pairs = pairs_in_order(["a", "b"], {"a": [1.0, 2.0], "b": [1.2, 2.1]})
    assert (pairs.close, pairs.verdict) == (1, "cannot be told from this spread")


@given(st.lists(st.lists(st.floats(0, 10), min_size=2, max_size=4), min_size=2, max_size=5))
def test_turning_an_order_round_swaps_agreement_and_disagreement(values):
    scores = {str(index): row for index, row in enumerate(values)}
    order = list(scores)
    forth, back = pairs_in_order(order, scores), pairs_in_order(order[::-1], scores)
    assert (forth.agree, forth.disagree, forth.close) == (back.disagree, back.agree, back.close)


@given(st.lists(st.tuples(*[st.floats(0, 10)] * 3), min_size=2, max_size=4))
def test_what_a_seed_adds_to_all_rows_does_not_matter_to_paired_ones(values):
    apart = {"a": [0.0] * len(values), "b": [1.0 + row[0] / 100 for row in values]}
    moved = {
        name: [x + 1000 * row[1] for x, row in zip(xs, values, strict=True)]
        for name, xs in apart.items()
    }
    assert pairs_in_order(["a", "b"], moved, paired=True).agree == 1
    assert pairs_in_order(["b", "a"], moved, paired=True).disagree == 1


def test_seeds_that_differ_more_than_rows_hide_the_order_unless_rows_are_paired():
    values = {"a": [1.0, 5.0, 9.0], "b": [2.0, 6.5, 10.0]}
    assert pairs_in_order(["a", "b"], values).close == 1
    assert pairs_in_order(["a", "b"], values, paired=True).agree == 1
    crossing = {"a": [1.0, 5.0], "b": [3.0, 4.0]}
    assert pairs_in_order(["a", "b"], crossing, paired=True).close == 1


def test_the_table_holds_mean_and_spread_by_metric_and_the_finding():
    rows = [
        Row("real", {"sw": [1.0]}, {}),
        Row("a", {"sw": [2.0, 4.0]}, {"steps": 7}),
        Row("b", {"sw": [8.0, 9.0]}, {"steps": 9}),
    ]
    table = comparison_table("T", rows, ["a", "b"], {"sw": "SW"})
    assert [column.name for column in table.columns] == ["run", "steps", "seeds", "SW", "± SW"]
    assert table.rows[0] == ("real", None, 1, 1.0, None)
    assert table.rows[1] == ("a", 7, 2, 3.0, pytest.approx(2**0.5))
    assert "By SW it shows at this scale: of 1 pairs 1 stand in this order" in table.caption


def test_where_higher_is_better_the_order_is_of_the_highest_first():
    rows = [Row("a", {"r": [0.8, 0.9]}, {}), Row("b", {"r": [0.1, 0.2]}, {})]
    best, worst = (comparison_table("T", rows, o, {"r": "R"}, "higher") for o in ("ab", "ba"))
    assert "first: a, b. By R it shows at this scale" in best.caption
    assert "first: b, a. By R it does not show" in worst.caption
    assert "higher is better" in best.caption


def test_the_table_says_when_rows_are_paired():
    rows = [Row("a", {"sw": [1.0, 5.0]}, {}), Row("b", {"sw": [2.0, 6.5]}, {})]
    alone, paired = (
        comparison_table("T", rows, ["a", "b"], {"sw": "SW"}, paired=told).caption
        for told in (False, True)
    )
    assert "seed by seed" not in alone and "By SW it cannot be told" in alone
    assert "compared seed by seed" in paired and "By SW it shows at this scale" in paired


def test_no_order_no_finding():
    rows = [Row("a", {"sw": [2.0]}, {}), Row("b", {"sw": [3.0]}, {})]
    assert "best first" not in comparison_table("T", rows, [], {"sw": "SW"}).caption


def test_one_seed_tells_nothing():
    pairs = pairs_in_order(["a", "b"], {"a": [1.0], "b": [9.0]})
    assert (pairs.close, pairs.verdict) == (1, "cannot be told from this spread")


def test_a_few_pairs_among_many_close_ones_show_in_part():
    assert Pairs(agree=1, disagree=0, close=14).verdict == "shows in part"
