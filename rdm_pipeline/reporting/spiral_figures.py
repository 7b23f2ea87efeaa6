"""Pictures of the spiral study: samples over the curve, medDist over the batch (Figs. 3, 4)."""

from collections.abc import Mapping, Sequence
from statistics import fmean

import numpy as np
from matplotlib.axes import Axes

from rdm_pipeline.reporting.figures import blank_figure, png_bytes
from rdm_pipeline.reporting.published import SPIRAL
from rdm_pipeline.reporting.spiral import LABELS, SpiralScore, by_cell

PANEL = 210  # pixels of one panel
SHOWN = 2.9  # half the width of what a panel shows, in units of the plane
TICKS = (0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5)  # of medDist


def spiral_grid(
    scores: Sequence[SpiralScore], samples: Sequence[np.ndarray], curve: np.ndarray
) -> bytes:
    """Return a PNG: a row per batch, a column per discrepancy, samples over the clean curve.

    samples are (N,2), one array per score; curve is (M,2). Of several seeds the first is drawn.
    """
    drawn: dict[tuple[int, str], tuple[SpiralScore, np.ndarray]] = {}
    for score, points in zip(scores, samples, strict=True):
        drawn.setdefault((score.batch, score.discrepancy), (score, points))
    batches = list(dict.fromkeys(s.batch for s in scores))
    names = list(dict.fromkeys(s.discrepancy for s in scores))
    width, height = PANEL * len(names) + 60, (PANEL + 50) * len(batches) + 40
    with blank_figure(width, height) as figure:
        axes = figure.subplots(len(batches), len(names), squeeze=False)
        for row, batch in enumerate(batches):
            axes[row][0].set_ylabel(f"B = {batch}", fontsize=12)
            for column, name in enumerate(names):
                _panel(axes[row][column], *drawn[batch, name], curve)
        for column, name in enumerate(names):
            axes[0][column].text(
                0.5, 1.3, LABELS[name], transform=axes[0][column].transAxes, ha="center", size=13
            )
        figure.subplots_adjust(
            left=45 / width,
            right=1 - 10 / width,
            top=1 - 80 / height,
            bottom=10 / height,
            wspace=0.05,
            hspace=0.28,
        )
        return png_bytes(figure)


def spiral_batches(scores: Sequence[SpiralScore], real: Mapping[str, float]) -> bytes:
    """Return a PNG of medDist over the batch, a line per discrepancy, the paper's points hollow.

    Lines are means over seeds, bars their range; `real` holds the `med_dist` of real points.
    """
    names = list(dict.fromkeys(score.discrepancy for score in scores))
    with blank_figure(900, 560) as figure:
        axes = figure.subplots()
        for index, name in enumerate(names):
            _batch_line(axes, name, [s for s in scores if s.discrepancy == name], f"C{index}")
        axes.axhline(real["med_dist"], color="black", linestyle=":", label="real points")
        axes.plot([], [], "o--", color="grey", mfc="white", label="paper")
        ticks = sorted({score.batch for score in scores})
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xticks(ticks, [str(tick) for tick in ticks])
        axes.set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
        axes.minorticks_off()
        axes.set(xlabel="batch", ylabel="medDist (lower is sharper)")
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
        figure.subplots_adjust(left=0.09, right=0.8, top=0.97, bottom=0.1)
        return png_bytes(figure)


def _panel(axes: Axes, score: SpiralScore, samples: np.ndarray, curve: np.ndarray) -> None:
    axes.plot(curve[:, 0], curve[:, 1], color="0.75", linewidth=1, zorder=1)
    axes.scatter(samples[:, 0], samples[:, 1], s=1, color="C0", alpha=0.35, lw=0, zorder=2)
    axes.set(xlim=(-SHOWN, SHOWN), ylim=(-SHOWN, SHOWN), aspect="equal", xticks=[], yticks=[])
    paper = SPIRAL.get(score.batch, {}).get(score.discrepancy)
    told = f"recall {score.recall:.2f} / medDist {score.med_dist:.3f}"
    beside = f"\npaper {paper[0]:.2f} / {paper[1]:.3f}" if paper else ""
    axes.set_title(told + beside, fontsize=9)


def _batch_line(axes: Axes, name: str, scores: Sequence[SpiralScore], colour: str) -> None:
    groups = {batch: group for (batch, _), group in sorted(by_cell(scores).items())}
    means = [fmean(score.med_dist for score in group) for group in groups.values()]
    low = [min(score.med_dist for score in group) for group in groups.values()]
    high = [max(score.med_dist for score in group) for group in groups.values()]
    bars = [np.subtract(means, low), np.subtract(high, means)]
    axes.errorbar([*groups], means, bars, fmt="o-", color=colour, capsize=2, label=LABELS[name])
    paper = [(batch, row[name][1]) for batch, row in SPIRAL.items() if name in row]
    axes.plot(*zip(*paper, strict=True), "o--", color=colour, mfc="white", linewidth=0.8)
