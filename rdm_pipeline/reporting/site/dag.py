"""The graph of steps as a drawing: layers from raw data down to tables, few crossings.

Sugiyama's way: order the steps so that edges go down, put each below all that it reads, break long
edges into pieces of one layer, order each layer by the middle of its neighbours.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from rdm_pipeline.lineage.graph import Graph

BOX_WIDTH, BOX_HEIGHT = 150, 44
GAP, LANE, LAYER = 24, 18, 92  # between boxes, of an edge that passes by, from layer to layer
SWEEPS = 12

Edge = tuple[str, str]
Item = str | tuple[str, str, int]  # a step, or the piece of an edge in a layer


@dataclass(frozen=True)
class Box:
    """A step, how many artifacts it made, and the left upper corner of its box."""

    step: str
    count: int
    x: float
    y: float


@dataclass(frozen=True)
class Line:
    """An edge from step to step as the path of an SVG, and how many files were read that way."""

    start: str
    end: str
    count: int
    path: str


@dataclass(frozen=True)
class Drawing:
    """Boxes and lines on a canvas of so many units."""

    boxes: Sequence[Box]
    lines: Sequence[Line]
    width: float
    height: float


def drawing(graph: Graph, steps: Mapping[str, str]) -> Drawing:
    """Return the graph of steps, laid out."""
    made, edges = Counter(steps.values()), edges_of(graph, steps)
    layer = layers(sorted(made), sorted(edges))
    order, links = _ordered(layer, sorted(edges))
    x = _columns(order, links)
    width = max(x[item] + _width(item) / 2 for item in x) + GAP
    boxes = [
        Box(step, made[step], x[step] - BOX_WIDTH / 2, _y(layer[step])) for step in sorted(made)
    ]
    lines = [Line(*edge, edges[edge], _curve(_places(edge, layer, x))) for edge in sorted(edges)]
    boxes.sort(key=lambda box: (box.y, box.x))
    return Drawing(boxes, lines, width, _y(max(layer.values())) + BOX_HEIGHT + GAP)


def edges_of(graph: Graph, steps: Mapping[str, str]) -> Counter[Edge]:
    """Return from which step to which other files went, and how many."""
    return Counter(
        (steps[file.path], steps[path])
        for path, record in graph.records.items()
        for file in record.files_read
        if file.path in steps and steps[file.path] != steps[path]
    )


def layers(steps: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """Return the layer of each step: 0 reads nothing, others lie below all that they read.

    Of a circle, which records of a whole pipeline do not have, one edge goes up.
    """
    layer: dict[str, int] = {}
    while len(layer) < len(steps):
        waiting = [step for step in steps if step not in layer]
        unmet = Counter(b for a, b in edges if a in waiting)
        free = [step for step in waiting if not unmet[step]]
        for step in free or [min(waiting, key=unmet.__getitem__)]:
            above = [layer[a] for a, b in edges if b == step and a in layer]
            layer[step] = max(above, default=-1) + 1
    return layer


def _ordered(
    layer: Mapping[str, int], edges: Sequence[Edge]
) -> tuple[list[list[Item]], dict[Item, list[Item]]]:
    """Return the items of each layer from left to right, and the neighbours of each item."""
    order: list[list[Item]] = [[] for _ in range(max(layer.values()) + 1)]
    for step, depth in layer.items():
        order[depth].append(step)
    links: dict[Item, list[Item]] = {step: [] for step in layer}
    for edge in edges:
        chain = _chain(edge, layer)
        for depth, item in enumerate(chain[1:-1], min(layer[s] for s in edge) + 1):
            order[depth].append(item)
        for a, b in pairwise(chain):
            links.setdefault(a, []).append(b)
            links.setdefault(b, []).append(a)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for above, row in pairwise(order if down else order[::-1]):
            place = {item: i for i, item in enumerate(above)}
            middle = {item: _middle(links[item], place, i) for i, item in enumerate(row)}
            row.sort(key=middle.__getitem__)
    return order, links


def _middle(neighbours: Sequence[Item], place: Mapping[Item, int], own: float) -> float:
    found = [place[item] for item in neighbours if item in place]
    return fmean(found) if found else own


def _columns(
    order: Sequence[Sequence[Item]], links: Mapping[Item, Sequence[Item]]
) -> dict[Item, float]:
    """Return the middle of each item: near its neighbours, in order, without overlap."""
    x: dict[Item, float] = {}
    for row in order:
        for i, item in enumerate(row):
            x[item] = x[row[i - 1]] + _apart(row[i - 1], item) if i else 0.0
    for _ in range(SWEEPS):
        for row in order:
            wish = [fmean(x[n] for n in links[item]) if links[item] else x[item] for item in row]
            _settle(row, wish, x)
    left = min(x[item] - _width(item) / 2 for item in x)
    return {item: value - left + GAP for item, value in x.items()}


def _settle(row: Sequence[Item], wish: Sequence[float], x: dict[Item, float]) -> None:
    """Put a layer's items where they wish, pushed apart evenly where they would overlap."""
    groups: list[list[int]] = []
    start: list[float] = []
    offset = [0.0]
    for a, b in pairwise(row):
        offset.append(offset[-1] + _apart(a, b))
    for i in range(len(row)):
        groups.append([i])
        start.append(wish[i] - offset[i])
        while len(start) > 1 and start[-2] > start[-1]:
            last = groups.pop()
            start.pop()
            groups[-1] += last
            start[-1] = fmean(wish[j] - offset[j] for j in groups[-1])
    for group, base in zip(groups, start, strict=True):
        for i in group:
            x[row[i]] = base + offset[i]


def _chain(edge: Edge, layer: Mapping[str, int]) -> list[Item]:
    """Return an edge as its two steps with a piece in each layer between."""
    start, end = sorted(edge, key=layer.__getitem__)
    return [start, *((*edge, d) for d in range(layer[start] + 1, layer[end])), end]


def _places(
    edge: Edge, layer: Mapping[str, int], x: Mapping[Item, float]
) -> list[tuple[float, float]]:
    """Return the points that an edge passes: through every layer between, straight down."""
    start, *pieces, end = _chain(edge, layer)
    top, bottom = sorted(layer[step] for step in edge)
    points = [(x[start], _y(top) + BOX_HEIGHT)]
    for item, depth in zip(pieces, range(top + 1, bottom), strict=True):
        points += [(x[item], _y(depth)), (x[item], _y(depth) + BOX_HEIGHT)]
    return [*points, (x[end], _y(bottom))]


def _curve(points: Sequence[tuple[float, float]]) -> str:
    (x, y), *rest = points
    path = [f"M{x:.1f} {y:.1f}"]
    for i, (to_x, to_y) in enumerate(rest):
        if i % 2:  # through a layer
            path.append(f"V{to_y:.1f}")
        else:  # from layer to layer
            middle = (y + to_y) / 2
            path.append(f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}")
        x, y = to_x, to_y
    return "".join(path)


def _apart(a: Item, b: Item) -> float:
    return (_width(a) + _width(b)) / 2 + GAP


def _width(item: Item) -> float:
    return BOX_WIDTH if isinstance(item, str) else LANE


def _y(depth: int) -> float:
    return GAP + depth * LAYER
