import csv
import io
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdm_pipeline.errors import RdmError
from rdm_pipeline.reporting.tables import Column, Table, rounded, to_csv, to_latex, to_markdown

texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)


def table(rows, columns=None, title="T", caption="C") -> Table:
    width = len(rows[0])
    made = columns or [Column(f"c{i}") for i in range(width)]
    return Table(title, caption, tuple(made), tuple(map(tuple, rows)))


MIXED = table(
    [["real", 1.0, 0.99, 1.0], ["iRDM", 2.123456789012345, None, 1.3]],
    [Column("run"), Column("sup"), Column("lite2", held_out=True), Column("paper", paper=True)],
)


@given(texts.filter(bool), st.lists(st.tuples(texts, numbers, st.integers()), min_size=1))
def test_csv_reads_back_exactly(name, rows):
    made = table(rows, [Column(name), Column("x", held_out=True), Column("n", paper=True)])
    head, *body = csv.reader(io.StringIO(to_csv(made)))
    assert head == [name, "x", "n"]
    assert [(label, float(x), int(n)) for label, x, n in body] == list(rows)


def test_csv_leaves_a_missing_number_empty():
    assert to_csv(MIXED).splitlines()[2] == "iRDM,2.123456789012345,,1.3"


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


@given(st.lists(st.tuples(texts, numbers), min_size=1))
def test_every_markdown_row_has_a_cell_per_column(rows):
    lines = [line for line in to_markdown(table(rows)).splitlines() if line.startswith("|")]
    assert len(lines) == len(rows) + 2
    assert {len(cells(line)) for line in lines} == {2}


def test_markdown_is_rounded_aligned_and_marked():
    lines = to_markdown(MIXED).splitlines()
    grid = [cells(line) for line in lines if line.startswith("|")]
    assert grid == [
        ["run", "sup", "lite2†", r"*paper\**"],
        [":---", "---:", "---:", "---:"],
        ["real", "1.00", "0.99", "*1.00*"],
        ["iRDM", "2.12", "—", "*1.30*"],
    ]
    assert any(line.startswith("† held out") for line in lines)
    assert any("arXiv 2607.02375" in line for line in lines)


def test_marks_are_explained_only_where_they_are_used():
    plain = to_markdown(table([["a", 1.0]]))
    assert "†" not in plain and "arXiv" not in plain


def test_latex_has_booktabs_rules_and_marks():
    text = to_latex(MIXED)
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 1, 1]
    assert r"run & sup & lite2$^\dagger$ & \textit{paper*} \\" in text
    assert r"iRDM & 2.12 & --- & \textit{1.30} \\" in text
    assert r"\begin{tabular}{lrr@{\hspace{3em}}r}" in text


def test_latex_escapes_what_is_special():
    text = to_latex(table([[r"50% & a_b \x {y} $1 #2 ^ ~", 1.0]]))
    row = next(line for line in text.splitlines() if line.startswith("50"))
    assert row == (
        r"50\% \& a\_b \textbackslash{}x \{y\} \$1 \#2 \textasciicircum{} \textasciitilde{}"
        r" & 1.00 \\"
    )


@pytest.mark.parametrize(
    ("cell", "text"),
    [(None, "—"), (3, "3"), ("a", "a"), (0.0, "0.00"), (0.01234, "0.012"), (12.345, "12.35")],
)
def test_a_cell_is_rounded_for_reading(cell, text):
    assert rounded(cell) == text


def test_a_row_of_another_length_is_refused():
    with pytest.raises(RdmError, match="has 3 cells, not 2"):
        table([["a", 1.0], ["b", 1.0, 2.0]])


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_number_that_is_not_finite_is_refused_with_its_place(value):
    with pytest.raises(RdmError, match=f"T: iRDM, c1 is {value}"):
        table([["iRDM", value]])
