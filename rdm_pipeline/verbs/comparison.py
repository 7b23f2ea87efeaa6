"""rdm comparison: an experiment's variants as a table, mean and spread over seeds."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rdm_pipeline.artifacts import read_json
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.evaluation import Comparison
from rdm_pipeline.params.runs import Run
from rdm_pipeline.reporting.comparison import Row, comparison_table
from rdm_pipeline.reporting.written import write_table

PANEL = {"sw": "SW_r{n}", "held_out": "held-out mean", "mmd": "MMDr{n}"}
NEUTRAL = {"energy": "energy distance", "polynomial": "polynomial MMD²"}


class Params(Section):
    """What comparison reads."""

    comparison: Comparison
    labels: dict[str, str]
    seeds: list[int]
    runs: dict[str, Run]
    panel: list[str]
    held_out: list[str]


def run(params: Params, *, scores: list[Path], csv: Path, markdown: Path, latex: Path) -> None:
    """Write the table as CSV, Markdown and LaTeX; `scores` hold baselines first, then the runs."""
    told = params.comparison
    found = [metrics_of(read_json(path), params) for path in scores]
    baselines = [
        Row(params.labels[name], {key: [value] for key, value in values.items()}, {})
        for name, values in zip(told.baselines, found, strict=False)
    ]
    rest = found[len(told.baselines) :]
    count = len(params.seeds)
    rows = [
        Row(name, _joined(rest[index * count : (index + 1) * count]), _facts(params.runs[name]))
        for index, name in enumerate(told.rows)
    ]
    table = comparison_table(
        told.title, [*baselines, *rows], told.paper_order, metric_names(params)
    )
    write_table(table, csv, markdown, latex)


def metric_names(params: Params) -> dict[str, str]:
    """Return the names that a comparison's metrics are printed under, by their key."""
    names = PANEL if params.comparison.scored_on == "panel" else NEUTRAL
    return {key: name.format(n=len(params.panel)) for key, name in names.items()}


def metrics_of(scores: Mapping[str, Any], params: Params) -> dict[str, float]:
    """Return the numbers that a comparison prints of one file of scores, by key."""
    if params.comparison.scored_on != "panel":
        return dict(scores)
    held_out = [scores["sw"][name] for name in params.held_out]
    return {
        "sw": scores["sw_mean"],
        "held_out": sum(held_out) / len(held_out),
        "mmd": scores["mmd_mean"],
    }


def _joined(values: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    return {key: [one[key] for one in values] for key in values[0]}


def _facts(run: Run) -> dict[str, int | str]:
    samples = sum(stage.steps * stage.batch for stage in run.stages)
    return {
        "batch": " to ".join(str(stage.batch) for stage in run.stages),
        "steps": run.steps,
        "samples": samples,
    }
