import pytest

from rdm_pipeline.errors import RdmError
from rdm_pipeline.reporting.published import COLUMN, MMD_R14, SW_R14
from rdm_pipeline.reporting.scores import RunScores, score_table
from rdm_pipeline.reporting.tables import Table

PANEL = ["sup", "mae", "lite2"]
REAL = RunScores("real", {"lite2": 1.25, "sup": 1.0, "mae": 0.75}, {"accuracy": 0.9})
OURS = RunScores("iRDM", {"sup": 2.0, "mae": 3.0, "lite2": 7.0})


def scores(runs, paper=None) -> Table:
    return score_table("Table 1", "caption", "SW_r3", runs, PANEL, {"lite2"}, paper or {})


def column(table: Table, name: str) -> list:
    index = [column.name for column in table.columns].index(name)
    return [row[index] for row in table.rows]


def test_columns_follow_the_panel_whatever_the_order_of_the_scores():
    table = scores([REAL, OURS])
    assert [column.name for column in table.columns] == [
        "run",
        *PANEL,
        "SW_r3",
        "training mean",
        "held-out mean",
        "accuracy",
        COLUMN,
    ]
    assert table.rows[0][:4] == ("real", 1.0, 0.75, 1.25)


def test_means_are_over_the_panel_and_over_each_part_of_it():
    table = scores([REAL, OURS])
    assert column(table, "SW_r3") == [1.0, 4.0]
    assert column(table, "training mean") == [0.875, 2.5]
    assert column(table, "held-out mean") == [1.25, 7.0]


def test_a_panel_without_held_out_encoders_has_no_held_out_mean():
    table = score_table("T", "c", "SW_r3", [OURS], PANEL, set(), {})
    assert column(table, "held-out mean") == [None]
    assert column(table, "training mean") == column(table, "SW_r3")


def test_held_out_encoders_are_marked():
    marked = [column.name for column in scores([OURS]).columns if column.held_out]
    assert marked == ["lite2", "held-out mean"]


def test_a_number_that_only_some_rows_have_is_empty_elsewhere():
    assert column(scores([REAL, OURS]), "accuracy") == [0.9, None]


def test_published_numbers_stand_in_their_own_column_and_add_no_row():
    table = scores([REAL, OURS], SW_R14)
    assert column(table, COLUMN) == [1.00, 1.30]
    assert [row[0] for row in table.rows] == ["real", "iRDM"]
    assert [column.name for column in table.columns if column.paper] == [COLUMN]
    assert [row[:-1] for row in table.rows] == [row[:-1] for row in scores([REAL, OURS]).rows]


def test_a_row_without_a_published_number_has_an_empty_cell():
    assert column(scores([REAL, OURS], MMD_R14), COLUMN) == [None, 2.69]


def test_a_row_of_the_paper_alone_comes_last_and_has_no_other_number():
    paper_only = {"RAE-XL": 2.43}
    table = score_table("T", "c", "SW_r3", [OURS], PANEL, {"lite2"}, {}, paper_only)
    assert table.rows[1] == ("RAE-XL", *[None] * 6, 2.43)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"sup": 1.0, "mae": 1.0}, "iRDM lacks lite2 and has nothing beside"),
        ({"sup": 1.0, "mae": 1.0, "lite2": 1.0, "x": 1.0}, "lacks nothing and has x beside"),
    ],
)
def test_a_row_of_another_panel_is_refused_not_averaged(found, message):
    with pytest.raises(RdmError, match=message):
        scores([RunScores("iRDM", found)])
