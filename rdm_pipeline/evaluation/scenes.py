"""The exact detector of the world of scenes: reads objects off the pixels, without any model.

Pixels go to the nearest of the world's colours and the image's grey. What hangs together in one
colour is the shape that, at the same mass and centre, looks most like it: mass and centre do not
change with blur, and noise averages out in both.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy import ndimage

from rdm_pipeline.datasets.scenes import BACKGROUND, COLORS, HALF, SHAPES, SceneObject, coverage
from rdm_pipeline.evaluation.geneval import Detection

Objects = Mapping[str, Sequence[Detection]]  # by shape, the most confident first

PALETTE = np.array(list(COLORS.values()))
# share of its square that a shape fills, and how far its centre of mass lies below the square's,
# in halves of the side
MASS = {"circle": np.pi / 4, "square": 1.0, "triangle": 1 / 2, "cross": 5 / 9}
LOWER = {"circle": 0.0, "square": 0.0, "triangle": 1 / 3, "cross": 0.0}
# lengths in sides of the image
SMOOTHING = 0.02  # standard deviation, against noise
BLURS = (0.0, 0.03)  # that an image may have: a shape is compared with both
PADDING = 0.09  # around what hangs together: as far as its blur carries
HALVES = (0.7 * HALF[0], 1.4 * HALF[1])  # half the side of what counts as an object
LIKENESS = 0.88  # correlation of an object with its shape, at least


def detect(image: np.ndarray) -> Objects:
    """Return the objects in an image (3,H,H) of floats in [0,1] by shape.

    The confidence is the correlation of what is seen with the shape.
    """
    size = image.shape[1]
    smooth = ndimage.gaussian_filter(image, (0, *[SMOOTHING * size] * 2))
    grey = float(np.clip(np.median(image), *BACKGROUND))
    nearest = _nearest(smooth, grey)
    found: dict[str, list[Detection]] = {}
    for number, color in enumerate(COLORS):
        direction = PALETTE[number] - grey
        share = np.tensordot(direction, smooth - grey, axes=1) / (direction**2).sum()
        for part in _parts(share, nearest, number):
            best, likeness = _most_alike(part, color)
            if likeness >= LIKENESS and HALVES[0] <= best.half <= HALVES[1]:
                found.setdefault(best.shape, []).append(_detection(best, likeness, size))
    return {
        shape: sorted(seen, key=lambda each: each.confidence, reverse=True)
        for shape, seen in found.items()
    }


def _nearest(image: np.ndarray, grey: float) -> np.ndarray:
    """Return the number (H,H) of each pixel's colour, that of the grey being the last."""
    known = np.vstack([PALETTE, np.full(3, grey)])
    return ((image[None] - known[:, :, None, None]) ** 2).sum(axis=1).argmin(axis=0)


def _parts(share: np.ndarray, nearest: np.ndarray, number: int) -> Iterator[np.ndarray]:
    """Yield what hangs together in a colour as its share (H,H) of every pixel, 0 further away."""
    size = len(share)
    padding = round(PADDING * size)
    smallest = min(MASS.values()) * (2 * HALVES[0] * size) ** 2
    largest = (2 * HALVES[1] * size) ** 2
    parts, _ = ndimage.label(nearest == number)
    for part, window in enumerate(ndimage.find_objects(parts), start=1):
        padded = [slice(max(0, side.start - padding), side.stop + padding) for side in window]
        around = np.zeros(share.shape, bool)
        around[tuple(padded)] = True
        seen = np.where(around & ((parts == part) | (nearest == len(PALETTE))), share, 0.0)
        if smallest <= seen.sum() <= largest:
            yield seen


def _most_alike(seen: np.ndarray, color: str) -> tuple[SceneObject, float]:
    """Return the shape of the same mass and centre that correlates most, and its correlation."""
    size = len(seen)
    mass = seen.sum()
    y, x = (np.array(ndimage.center_of_mass(seen)) + 0.5) / size
    tried = {}
    for shape in SHAPES:
        half = np.sqrt(mass / MASS[shape]) / (2 * size)
        each = SceneObject(shape, color, x, y - LOWER[shape] * half, half)
        picture = coverage(each, size)
        tried[each] = max(_correlation(seen, picture, np.hypot(SMOOTHING, blur)) for blur in BLURS)
    best = max(tried, key=lambda each: tried[each])
    return best, tried[best]


def _correlation(seen: np.ndarray, picture: np.ndarray, blur: float) -> float:
    blurred = ndimage.gaussian_filter(picture, blur * len(picture))
    where = seen != 0
    return float(np.corrcoef(seen[where], blurred[where])[0, 1])


def _detection(each: SceneObject, likeness: float, size: int) -> Detection:
    left, right = (float(size * (each.x + side * each.half)) for side in (-1, 1))
    top, bottom = (float(size * (each.y + side * each.half)) for side in (-1, 1))
    return Detection((left, top, right, bottom), likeness, each.color)
