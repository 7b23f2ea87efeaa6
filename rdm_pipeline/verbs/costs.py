"""rdm costs: what runs score over the device-hours they took (paper Fig. 1)."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from rdm_pipeline.artifacts import read_json, write_bytes
from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.base import Section
from rdm_pipeline.reporting.costs import Curve, Point, cost_curves, cost_table
from rdm_pipeline.reporting.published import H200_HOURS, SW_R14, published_rows
from rdm_pipeline.reporting.written import write_table


class Params(Section):
    """What costs reads; `snapshots` are steps by run."""

    runs: list[str]
    snapshots: dict[str, list[int]]
    labels: dict[str, str]
    published: dict[str, str]
    panel: list[str]
    held_out: list[str]


def run(
    params: Params,
    *,
    metrics: list[Path],
    costs: list[Path],
    csv: Path,
    markdown: Path,
    latex: Path,
    picture: Path,
) -> None:
    """Write table and figure; `costs` are of the runs, `metrics` of the generators on their way.

    Those are, run by run, what it started from, its snapshots and its end.
    """
    paper = published_rows(SW_R14, params.published)
    hours = published_rows(H200_HOURS, params.published)
    scores, curves = iter(metrics), []
    for name, path in zip(params.runs, costs, strict=True):
        told = read_json(path)
        points = list(_points(params, told["reached"], scores))
        if [point.step for point in points[1:-1]] != params.snapshots[name]:
            found = [entry["step"] for entry in told["reached"]]
            raise RdmError(f"{path}: found steps {found}, expected {params.snapshots[name]}, end")
        label = params.labels[name]
        curves.append(Curve(label, told["device"], points, paper.get(name), hours.get(name)))
    metric = f"SW_r{len(params.panel)}"
    table = cost_table(curves, metric)
    write_table(table, csv, markdown, latex)
    write_bytes(picture, cost_curves(curves, metric))


def _points(
    params: Params, reached: Sequence[Mapping[str, Any]], scores: Iterator[Path]
) -> Iterator[Point]:
    """Yield a run's points, each with the next of the files of scores."""
    start = {"step": 0, "images": 0, "device_hours": 0.0}
    for entry in [start, *reached]:
        sw = read_json(next(scores))["sw"]
        held_out = [sw[name] for name in params.held_out]
        training = [sw[name] for name in params.panel if name not in params.held_out]
        yield Point(
            step=entry["step"],
            images=entry["images"],
            hours=entry["device_hours"],
            mean=fmean([*training, *held_out]),
            training=fmean(training) if training else None,
            held_out=fmean(held_out) if held_out else None,
        )
