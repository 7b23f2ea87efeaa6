import pytest

from rdm_pipeline.reporting.geneval import TASKS, GenevalRow, geneval_table, seeds_table
from rdm_pipeline.reporting.tables import to_csv, to_latex, to_markdown

RATES = dict(zip(TASKS, (1.0, 0.9, 0.7, 0.8, 0.5, 0.6), strict=True))
KNOWN = {
    "all": {"tasks": RATES, "overall": 0.75},
    "held_out": {"tasks": {}, "overall": 0.625},
    "contamination": 0.71,
}
UNKNOWN = {"all": {"tasks": RATES, "overall": 0.75}, "held_out": None, "contamination": None}


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def printed(*rows: GenevalRow, paper_only=None) -> list[list[str]]:
    text = to_markdown(geneval_table(rows, paper_only or {}))
    return [cells(line) for line in text.splitlines() if line.startswith("|")]


def test_a_row_has_its_tasks_both_means_what_was_trained_on_and_the_detectors_name():
    head, _, row = printed(GenevalRow("ours", "exact", KNOWN, paper=0.826))
    found = dict(zip(head, row, strict=True))
    assert found["color attribution"] == "0.600"
    assert (found["overall"], found["held out"], found["in training"]) == (
        "0.750",
        "0.625",
        "0.710",
    )
    assert found["detector"] == "exact"
    assert row[-1] == "*0.826*"


def test_what_is_not_known_of_the_training_is_left_blank():
    head, _, row = printed(GenevalRow("theirs", "exact", UNKNOWN))
    found = dict(zip(head, row, strict=True))
    assert (found["held out"], found["in training"]) == ("—", "—")


def test_a_second_detector_has_a_row_of_its_own():
    rows = printed(GenevalRow("ours", "exact", KNOWN), GenevalRow("ours", "Mask2Former", KNOWN))
    column = rows[0].index("detector")
    assert [row[column] for row in rows[2:]] == ["exact", "Mask2Former"]


def test_pickscore_is_a_column_only_where_there_is_one():
    without = printed(GenevalRow("ours", "exact", KNOWN))
    assert "PickScore" not in without[0]
    head, _, first, second = printed(
        GenevalRow("ours", "exact", KNOWN, pickscore=21.814), GenevalRow("b", "exact", KNOWN)
    )
    assert [row[head.index("PickScore")] for row in (first, second)] == ["21.81", "—"]


def test_rows_of_the_paper_alone_have_its_number_alone():
    *_, last = printed(GenevalRow("ours", "exact", KNOWN), paper_only={"DMD2": 0.804})
    assert last[0] == "DMD2" and last[-1] == "*0.804*" and set(last[1:-1]) == {"—"}


def test_the_table_has_its_other_forms_too():
    table = geneval_table([GenevalRow("ours", "exact", KNOWN)], {})
    assert to_csv(table).splitlines()[1].startswith("ours,1.0,0.9,0.7,0.8,0.5,0.6,0.75,0.625,0.71")
    assert "exact" in to_latex(table)


def scored(overall: float, held_out: float | None) -> dict:
    seen = {"tasks": RATES, "overall": overall}
    return {"all": seen, "held_out": {"tasks": {}, "overall": held_out}, "contamination": 0.5}


def test_over_seeds_a_label_has_mean_and_spread_and_the_order_is_looked_for():
    groups = {"ours": [scored(0.6, 0.5), scored(0.8, 0.7)], "theirs": [scored(0.1, 0.2)] * 2}
    table = seeds_table(groups, ["ours", "theirs"], "exact")
    names = [column.name for column in table.columns]
    ours = dict(zip(names, table.rows[0], strict=True))
    assert (ours["seeds"], ours["overall"], ours["held out"]) == (2, pytest.approx(0.7), 0.6)
    assert ours["± overall"] == pytest.approx(0.02**0.5)
    assert "By overall it shows at this scale" in table.caption and "exact" in table.title


def test_what_one_score_does_not_tell_has_no_column_over_seeds():
    groups = {"ours": [scored(0.6, 0.5)], "theirs": [scored(0.1, None)]}
    names = [column.name for column in seeds_table(groups, [], "exact").columns]
    assert "overall" in names and "held out" not in names
    unknown = {"theirs": [UNKNOWN]}
    assert "held out" not in [column.name for column in seeds_table(unknown, [], "exact").columns]
