"""rdm table: the scores of several generators as a table in three forms."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from rdm_pipeline.artifacts import read_json
from rdm_pipeline.params.base import Section
from rdm_pipeline.reporting.published import MMD_R14, SW_R14, published_only, published_rows
from rdm_pipeline.reporting.scores import RunScores, score_table
from rdm_pipeline.reporting.written import write_table

TITLES = {
    "sw": "SW_r{n}: sliced Wasserstein distance to training images, over that of validation images",
    "mmd": "MMDr{n}: RFF-MMD² to training images, over that of validation images",
}
NAMES = {"sw": "SW_r{n}", "mmd": "MMDr{n}"}
PUBLISHED: Mapping[str, Mapping[str, float]] = {"sw": SW_R14, "mmd": MMD_R14}
CAPTION = "One ratio per encoder of the panel and their mean; 1 is what fresh real images score."
JUDGE = " Judge: share of samples in which an independent classifier sees the class asked for."


class Params(Section):
    """What table reads."""

    table: str
    metric: Literal["sw", "mmd"]
    panel: list[str]
    held_out: list[str]
    rows: list[str]
    paper_only: list[str]
    labels: dict[str, str]
    published: dict[str, str]


def run(
    params: Params,
    *,
    metrics: list[Path],
    accuracies: list[Path],
    csv: Path,
    markdown: Path,
    latex: Path,
) -> None:
    """Write the table as CSV, Markdown and LaTeX; without a judge there are no accuracies."""
    count, numbers = len(params.panel), PUBLISHED[params.metric]
    judged: Sequence[Path | None] = accuracies or [None] * len(metrics)
    paper = published_rows(numbers, params.published)
    table = score_table(
        title=TITLES[params.metric].format(n=count),
        caption=CAPTION + (JUDGE if accuracies else ""),
        metric=NAMES[params.metric].format(n=count),
        runs=[
            RunScores(
                params.labels[row],
                read_json(scores)[params.metric],
                {"judge": read_json(accuracy)["accuracy"]} if accuracy else {},
            )
            for row, scores, accuracy in zip(params.rows, metrics, judged, strict=True)
        ],
        panel=params.panel,
        held_out=params.held_out,
        paper={params.labels[row]: paper[row] for row in params.rows if row in paper},
        paper_only=published_only(numbers, params.paper_only, params.table),
    )
    write_table(table, csv, markdown, latex)
