"""A world of small scenes, shapes of a few colours on grey, drawn for prompts and rendered.

All lengths and positions are in sides of the image, from its upper left corner.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

Metadata = Mapping[str, Any]  # of a prompt, in GenEval's form
Pair = tuple[str, str]  # a colour and a shape

COLORS: Mapping[str, tuple[float, float, float]] = {
    "red": (0.90, 0.10, 0.10),
    "yellow": (0.95, 0.85, 0.10),
    "green": (0.10, 0.65, 0.15),
    "blue": (0.10, 0.20, 0.90),
    "white": (1.00, 1.00, 1.00),
    "black": (0.00, 0.00, 0.00),
}
# what is inside a shape that touches all sides of the square [-1,1] x [-1,1], y pointing down
SHAPES: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "circle": lambda x, y: x**2 + y**2 <= 1,
    "square": lambda x, y: np.maximum(abs(x), abs(y)) <= 1,
    "triangle": lambda x, y: (2 * abs(x) <= y + 1) & (y <= 1),
    "cross": lambda x, y: (np.minimum(abs(x), abs(y)) <= 1 / 3) & (np.maximum(abs(x), abs(y)) <= 1),
}
BACKGROUND = (0.35, 0.60)  # grey levels
CELLS = 2  # rows and columns of cells; an object has one to itself
HALF = (0.13, 0.17)  # half the side of an object
MARGIN = 0.03  # between an object and the border of its cell
SUPERSAMPLING = 4
DIGITS = 4


@dataclass(frozen=True)
class SceneObject:
    """A shape of a colour: its centre and half of its side."""

    shape: str
    color: str
    x: float
    y: float
    half: float


@dataclass(frozen=True)
class Scene:
    """A grey level in [0,1] and the objects on it."""

    background: float
    objects: tuple[SceneObject, ...]

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` takes."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Scene":
        """Return the scene that `to_json` described; KeyError or TypeError for anything else."""
        objects = tuple(SceneObject(**each) for each in told["objects"])
        return cls(told["background"], objects)


def draw_scene(metadata: Metadata, banned: Collection[Pair], random: np.random.Generator) -> Scene:
    """Return a scene in which a prompt is true and nothing but what it asks for is seen.

    Where it asks for no colour, any colour that `banned` does not pair with the shape is drawn.
    """
    wanted = [
        (clause["class"], clause.get("color"))
        for clause in metadata["include"]
        for _ in range(clause["count"])
    ]
    cells = _cells(metadata, len(wanted), random)
    background = round(float(random.uniform(*BACKGROUND)), DIGITS)
    objects = [
        _placed(shape, color or _free_color(shape, banned, random), cell, random)
        for (shape, color), cell in zip(wanted, cells, strict=True)
    ]
    return Scene(background, tuple(objects))


def render(scene: Scene, resolution: int) -> np.ndarray:
    """Return a scene as pixels (3, resolution, resolution) uint8, antialiased."""
    canvas = np.full((3, resolution, resolution), scene.background)
    for each in scene.objects:
        color = np.array(COLORS[each.color])[:, None, None]
        share = coverage(each, resolution)
        canvas = (1 - share) * canvas + share * color
    return (canvas * 255).round().astype(np.uint8)


def coverage(each: SceneObject, resolution: int) -> np.ndarray:
    """Return the share (resolution, resolution) of every pixel that lies inside the object."""
    fine = resolution * SUPERSAMPLING
    places = (np.arange(fine) + 0.5) / fine
    x, y = (places - each.x) / each.half, (places - each.y) / each.half
    inside = SHAPES[each.shape](x[None, :], y[:, None])
    return inside.reshape(resolution, SUPERSAMPLING, resolution, SUPERSAMPLING).mean((1, 3))


def _cells(metadata: Metadata, count: int, random: np.random.Generator) -> np.ndarray:
    """Return a cell (row, column) per object, (count, 2)."""
    *_, last = metadata["include"]
    if "position" not in last:
        cells = random.permutation(CELLS * CELLS)[:count]
        return np.stack(np.divmod(cells, CELLS), axis=1)
    relation, _ = last["position"]
    line = int(random.integers(CELLS))
    places = {
        "left of": [(line, 1), (line, 0)],
        "right of": [(line, 0), (line, 1)],
        "above": [(1, line), (0, line)],
        "below": [(0, line), (1, line)],
    }
    return np.array(places[relation])  # what it is relative to comes first


def _placed(shape: str, color: str, cell: np.ndarray, random: np.random.Generator) -> SceneObject:
    half = random.uniform(*HALF)
    slack = 0.5 / CELLS - MARGIN - half
    y, x = (cell + 0.5) / CELLS + random.uniform(-slack, slack, 2)
    return SceneObject(shape, color, *(round(float(value), DIGITS) for value in (x, y, half)))


def _free_color(shape: str, banned: Collection[Pair], random: np.random.Generator) -> str:
    free = [color for color in COLORS if (color, shape) not in banned]
    return free[int(random.integers(len(free)))]
