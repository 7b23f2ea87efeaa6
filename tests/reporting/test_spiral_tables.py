import csv
import io

import pytest

from rdm_pipeline.params.spiral import SpiralTolerance
from rdm_pipeline.reporting.published import SPIRAL
from rdm_pipeline.reporting.spiral import SpiralScore
from rdm_pipeline.reporting.spiral_tables import cells_table, ranking_table
from rdm_pipeline.reporting.tables import to_csv, to_markdown

TOLERANCE = SpiralTolerance(recall=0.1, med_dist=0.03)
REAL = {"recall": 1.0, "med_dist": 0.0331}


def published() -> list[SpiralScore]:
    """A study that came out as the paper's did."""
    return [
        SpiralScore(name, batch, 42, *paper)
        for batch, row in SPIRAL.items()
        for name, paper in row.items()
    ]


def rows(table) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(table))))


def without(scores, name, batch) -> list[SpiralScore]:
    return [s for s in scores if (s.discrepancy, s.batch) != (name, batch)]


def test_the_papers_own_numbers_agree_in_every_cell():
    table = cells_table("T", published(), REAL, TOLERANCE)
    assert {row["agrees"] for row in rows(table)} == {"yes"}
    assert len(table.rows) == 19
    assert "18 of 18 do. Those that disagree: none." in table.caption
    assert "MMD-Nyström is the sharpest in every row: yes." in table.caption


@pytest.mark.parametrize(
    ("recall", "med_dist", "verdict"),
    [
        (0.98, 0.137, "yes"),
        (0.98, 0.139, "no"),
        (0.98, 0.077, "no"),
        (0.89, 0.108, "yes"),
        (0.87, 0.108, "no"),
    ],
)
def test_a_cell_agrees_within_both_tolerances_and_is_named_where_it_does_not(
    recall, med_dist, verdict
):
    assert SPIRAL[128]["mmd_rff"] == (0.98, 0.108)
    changed = SpiralScore("mmd_rff", 128, 0, recall, med_dist)
    scores = [*without(published(), "mmd_rff", 128), changed]
    table = cells_table("T", scores, REAL, TOLERANCE)
    assert rows(table)[-1]["agrees"] == verdict
    assert ("disagree: MMD-RFF, B = 128." in table.caption) == (verdict == "no")


def test_a_cell_of_several_seeds_shows_their_mean_and_each_of_them():
    scores = [SpiralScore("mmd_nystrom", 8, s, 0.9 + s / 10, 0.15 + s / 50) for s in (0, 1)]
    row = rows(cells_table("T", scores, REAL, TOLERANCE))[1]
    assert float(row["recall"]) == pytest.approx(0.95)
    assert float(row["medDist"]) == pytest.approx(0.16)
    assert row["medDist by seed"] == "0: 0.150, 1: 0.170"


def test_a_cell_that_the_paper_does_not_have_is_shown_without_a_verdict():
    table = cells_table("T", [SpiralScore("mmd_nystrom", 16, 0, 1.0, 0.1)], REAL, TOLERANCE)
    assert rows(table)[1]["agrees"] == rows(table)[1]["paper's medDist"] == ""
    assert "0 of 0 do" in table.caption


def test_a_row_in_which_nystrom_is_not_the_sharpest_is_told():
    scores = [*without(published(), "frechet", 32), SpiralScore("frechet", 32, 42, 1.0, 0.01)]
    assert "every row: no, not at B = 32." in cells_table("T", scores, REAL, TOLERANCE).caption
    assert "every row: no, not at B = 32." in ranking_table("T", scores).caption


def test_discrepancies_are_ranked_at_each_batch_beside_both_of_the_papers_orders():
    table = rows(ranking_table("T", published()))
    assert len(table) == 18
    assert {row["agrees with Fig. 3"] for row in table} == {"yes"}
    at_128 = table[12:]
    assert [row["discrepancy"] for row in at_128] == [
        "MMD-Nyström", "MMD-exact", "MMD-RFF", "SW", "Fréchet", "Drifting",
    ]  # fmt: skip
    assert [row["agrees with Table 4"] for row in at_128] == ["yes", "no", "no", "no", "no", "yes"]


def test_numbers_read_as_in_the_paper_and_its_own_are_explained():
    text = to_markdown(cells_table("T", published(), REAL, TOLERANCE))
    assert "| MMD-Nyström, B = 128 | 1.00 | 0.028 | 42: 0.028 | *1.00* | *0.028* | yes |" in text
    assert "Fig. 3): the same study, one seed" in text
    assert "other encoders" not in text
