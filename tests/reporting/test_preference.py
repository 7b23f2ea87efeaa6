"""Fig. 6 as printed and drawn."""

from rdm_pipeline.evaluation.preference import WinRate
from rdm_pipeline.reporting.preference import Rival, preference_table, win_rate_bars
from rdm_pipeline.reporting.tables import to_markdown

RIVALS = [
    Rival("warm start", WinRate(0.725, 0.01, 4000), 21.5, 20.25, "noise and class", 0.712),
    Rival("RAE-XL", None, None, None, None, 0.757),
]


def test_rates_are_percents_beside_the_papers_and_a_row_of_the_paper_alone_is_empty():
    lines = to_markdown(preference_table("iRDM", RIVALS)).splitlines()
    rows = [line for line in lines if line.startswith("| ")][2:]
    assert rows == [
        "| warm start | 72.5 | 1.0 | 4000 | noise and class | 21.50 | 20.25 | *71.2* |",
        "| RAE-XL | — | — | — | — | — | — | *75.7* |",
    ]


def test_the_figure_is_the_same_bytes_every_time_and_follows_the_rates():
    first = win_rate_bars("iRDM", RIVALS)
    assert first == win_rate_bars("iRDM", RIVALS)
    other = Rival("warm start", WinRate(0.3, 0.01, 4000), 21.5, 20.25, "class", 0.712)
    assert first != win_rate_bars("iRDM", [other, RIVALS[1]])
