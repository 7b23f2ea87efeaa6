"""What runs score over the device-hours they took, as a table and as curves (paper Fig. 1)."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from rdm_pipeline.reporting.figures import blank_figure, legend, png_bytes
from rdm_pipeline.reporting.published import COLUMN
from rdm_pipeline.reporting.tables import Column, Table

CAPTION = (
    "One row per snapshot of a run: step 0 is what it started from, the last its end. "
    "Device-hours are measured: wall time times ranks, from the beginning of every start of the "
    "run on, those of killed starts too; without what was made before it, as references and the "
    "warm start. Scores are ratios to what fresh real images score; 1 is real."
)
PAPER_NOTE = (
    "the paper's iRDM at its end, on ImageNet at 256 px with 14 other encoders (arXiv 2607.02375): "
    "another setting, for orientation only."
)
PAPER_HOURS = "paper, H200-hours"


@dataclass(frozen=True)
class Point:
    """A generator on a run's way: hours until then, images drawn, means of its SW ratios.

    A mean over no encoder is None.
    """

    step: int
    images: int
    hours: float
    mean: float
    training: float | None
    held_out: float | None


@dataclass(frozen=True)
class Curve:
    """A run: its label, its device, its points by step, the paper's end of it if it has one."""

    label: str
    device: str
    points: Sequence[Point]
    paper: float | None
    paper_hours: float | None


def cost_table(curves: Sequence[Curve], metric: str) -> Table:
    """Return a table with a row per point; `metric` names the mean over the panel."""
    columns = (
        Column("run"),
        Column("step"),
        Column("images"),
        Column("device"),
        Column("device-hours"),
        Column(metric),
        Column("training mean"),
        Column("held-out mean", held_out=True),
        Column(COLUMN, paper=True),
        Column(PAPER_HOURS, paper=True),
    )
    rows = []
    for curve in curves:
        for point in curve.points:
            is_end = point is curve.points[-1]
            paper = (curve.paper, curve.paper_hours) if is_end else (None, None)
            scores = (point.mean, point.training, point.held_out)
            told = (point.step, point.images, curve.device, point.hours)
            rows.append((f"{curve.label}, step {point.step}", *told, *scores, *paper))
    title = f"Figure 1: {metric} over device-hours"
    return Table(title, CAPTION, columns, tuple(rows), PAPER_NOTE)


def cost_curves(curves: Sequence[Curve], metric: str) -> bytes:
    """Return a PNG of each run's scores over device-hours, the paper's end as a level."""
    with blank_figure(900, 480) as figure:
        axes = figure.subplots()
        for index, curve in enumerate(curves):
            _draw(axes, curve, f"C{index}", metric)
        for level, hours in dict.fromkeys((curve.paper, curve.paper_hours) for curve in curves):
            _draw_paper(axes, level, hours)
        axes.axhline(1, color="black", linestyle=":")
        devices = ", ".join(dict.fromkeys(curve.device for curve in curves))
        axes.set(yscale="log", xlabel=f"device-hours ({devices})", ylabel="SW ratio (1 is real)")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("{x:g}")
        legend(axes)
        figure.subplots_adjust(left=0.08, right=0.66, top=0.96, bottom=0.12)
        return png_bytes(figure)


def _draw(axes: Axes, curve: Curve, colour: str, metric: str) -> None:
    """Draw the means over the panel and over both of its parts."""
    hours = [point.hours for point in curve.points]
    means = [point.mean for point in curve.points]
    axes.plot(hours, means, color=colour, marker="o", label=f"{curve.label}: {metric}")
    for name, style in (("training", "--"), ("held_out", ":")):
        part = [getattr(point, name) for point in curve.points]
        if None not in part:
            words = f"{curve.label}: {name.replace('_', '-')} mean"
            axes.plot(hours, part, color=colour, linestyle=style, label=words)


def _draw_paper(axes: Axes, level: float | None, hours: float | None) -> None:
    """Draw the paper's end of a run as a level: its hours are of another setting."""
    if level is not None:
        cost = f" after about {hours:g} H200-hours" if hours else ""
        words = f"paper, another setting:\n{level:.2f}{cost}\n(ImageNet-256, other encoders)"
        axes.axhline(level, color="grey", linestyle="-.", label=words)
