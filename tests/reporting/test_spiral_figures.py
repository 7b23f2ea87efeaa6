import io

import numpy as np
from PIL import Image

from rdm_pipeline.reporting.spiral import SpiralScore
from rdm_pipeline.reporting.spiral_figures import spiral_batches, spiral_grid

CURVE = np.stack([np.linspace(-2, 2, 50), np.zeros(50)], axis=1)
BLUE = (31, 119, 180)  # matplotlib's C0


def score(name: str, batch: int, seed: int = 0, med_dist: float = 0.1) -> SpiralScore:
    return SpiralScore(name, batch, seed, 0.5, med_dist)


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def bluish(image: np.ndarray) -> int:
    return int(((image[:, :, 2] - image[:, :, 0]) > 20).sum())


def cluster(x: float, y: float) -> np.ndarray:
    return np.random.default_rng(0).normal([x, y], 0.2, size=(500, 2)).astype(np.float32)


def test_samples_are_drawn_in_the_panel_of_their_batch_and_discrepancy():
    scores = [
        score("frechet", 8),
        score("drifting", 8),
        score("frechet", 32),
        score("drifting", 32),
    ]
    far = np.full((1, 2), 99.0, np.float32)
    for place in range(4):
        samples = [far] * 4
        samples[place] = cluster(0, 1)
        image = pixels(spiral_grid(scores, samples, CURVE))
        height, width = image.shape[0] // 2, image.shape[1] // 2
        quarters = [image[:height, :width], image[:height, width:],
                    image[height:, :width], image[height:, width:]]  # fmt: skip
        found = [bluish(quarter) for quarter in quarters]
        assert found[place] > 100
        assert sum(found) == found[place]


def test_of_several_seeds_the_first_is_drawn():
    one, two = score("frechet", 8, 0, 0.1), score("frechet", 8, 1, 0.2)
    points = [cluster(0, 1), cluster(1, -1)]
    assert spiral_grid([one, two], points, CURVE) == spiral_grid([one], points[:1], CURVE)


def test_a_score_changes_both_pictures():
    sharp, blurred = score("frechet", 8, med_dist=0.1), score("frechet", 8, med_dist=0.3)
    points, real = [cluster(0, 1)], {"med_dist": 0.03}
    assert spiral_grid([sharp], points, CURVE) != spiral_grid([blurred], points, CURVE)
    assert spiral_batches([sharp], real) != spiral_batches([blurred], real)


def test_batches_that_the_paper_does_not_have_are_drawn_too():
    scores = [score("mmd_nystrom", batch, seed) for batch in (8, 16) for seed in (0, 1)]
    assert pixels(spiral_batches(scores, {"med_dist": 0.03})).shape == (560, 900, 3)
