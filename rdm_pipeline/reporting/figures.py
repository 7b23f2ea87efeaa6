"""Figures as PNG bytes that are the same every time: no pyplot state, no times, no versions."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib
import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rdm_pipeline.errors import RdmError

DPI = 100
CELL = 56  # pixels that a picture of a grid is enlarged to, at least half of it
GAP = 2
PANEL_GAP = 24
TITLE = 32
LETTER = 9  # pixels of one letter of a class name, about

Pictures = tuple[np.ndarray, np.ndarray]


def sample_grid(panels: Mapping[str, Pictures], classes: Sequence[str], columns: int) -> bytes:
    """Return a PNG with one block of pictures per panel, side by side: a row per class.

    `panels` maps a title to images (N,C,H,W) uint8, C 1 or 3, and labels (N,) int64; the first
    `columns` images of each class are shown. Raises RdmError for a class with fewer of them.
    """
    blocks = {
        title: _mosaic(*_chosen(title, images, labels, classes, columns))
        for title, (images, labels) in panels.items()
    }
    height, width = next(iter(blocks.values())).shape[:2]
    margin = LETTER * max(map(len, classes)) + PANEL_GAP
    size = (margin + len(blocks) * (width + PANEL_GAP), height + TITLE + PANEL_GAP)
    with blank_figure(*size) as figure:
        size_x, size_y = figure.get_size_inches() * DPI
        for row, name in enumerate(classes):
            y = PANEL_GAP + height * (1 - (row + 0.5) / len(classes))
            figure.text((margin - 10) / size_x, y / size_y, name, ha="right", va="center")
        for index, (title, block) in enumerate(blocks.items()):
            left = margin + index * (width + PANEL_GAP)
            figure.figimage(block, left, PANEL_GAP)
            figure.text(left / size_x, (PANEL_GAP + height + 10) / size_y, title, fontsize=12)
        return png_bytes(figure)


def training_curves(
    history: Sequence[Mapping[str, Any]], floors: Mapping[int, Mapping[str, float]]
) -> bytes:
    """Return a PNG of each encoder's score over its floor (top) and weight (bottom) by step.

    An entry of `history` holds `step`, `batch`, `scores` and `weights`, the latter two by encoder;
    `floors` are by batch size and encoder; steps that were skipped are left out.
    """
    history = [entry for entry in history if "skipped" not in entry]
    steps = [entry["step"] for entry in history]
    with blank_figure(1000, 700) as figure:
        top, bottom = figure.subplots(2, 1, sharex=True)
        for index, encoder in enumerate(history[0]["scores"]):
            colour = matplotlib.colormaps["tab20"](index % 20)
            ratios = [
                entry["scores"][encoder] / floors[entry["batch"]][encoder] for entry in history
            ]
            top.plot(steps, ratios, color=colour, label=encoder)
            bottom.plot(steps, [entry["weights"][encoder] for entry in history], color=colour)
        top.axhline(1, color="black", linestyle=":")
        top.set(yscale="log", ylabel="score / floor of real data")
        bottom.set(xlabel="step", ylabel="weight", ylim=(0, None))
        legend(top)
        figure.subplots_adjust(left=0.08, right=0.84, top=0.97, bottom=0.08, hspace=0.06)
        return png_bytes(figure)


@contextmanager
def blank_figure(width: int, height: int) -> Iterator[Figure]:
    """Yield a figure of so many pixels in matplotlib's own style, whatever the user's is."""
    with matplotlib.style.context("default"):
        # Half a pixel more: the canvas truncates, and a division may round down.
        yield Figure(((width + 0.5) / DPI, (height + 0.5) / DPI), dpi=DPI)


def png_bytes(figure: Figure) -> bytes:
    """Return the figure as a PNG without metadata."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def legend(axes: Axes) -> None:
    """Put the legend to the right of the plot."""
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)


def _chosen(
    title: str, images: np.ndarray, labels: np.ndarray, classes: Sequence[str], columns: int
) -> tuple[np.ndarray, int]:
    """Return the first `columns` images of each class (classes*columns,C,H,W), and `columns`."""
    rows = [np.flatnonzero(labels == label)[:columns] for label in range(len(classes))]
    for name, found in zip(classes, rows, strict=True):
        if len(found) < columns:
            raise RdmError(f"{title}: {len(found)} images of {name}, expected at least {columns}")
    return images[np.concatenate(rows)], columns


def _mosaic(images: np.ndarray, columns: int) -> np.ndarray:
    """Return images (N,C,H,W) uint8 as one (height,width,3) uint8 picture on white."""
    scale = max(1, CELL // images.shape[-1])
    pictures = images.repeat(scale, 2).repeat(scale, 3).transpose(0, 2, 3, 1)
    pictures = np.broadcast_to(pictures, (*pictures.shape[:3], 3))
    padded = np.pad(pictures, ((0, 0), (0, GAP), (0, GAP), (0, 0)), constant_values=255)
    count, height, width, _ = padded.shape
    grid = padded.reshape(count // columns, columns, height, width, 3).swapaxes(1, 2)
    return grid.reshape(count // columns * height, columns * width, 3)
