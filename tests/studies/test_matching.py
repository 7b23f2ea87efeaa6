import pytest
import torch

from rdm_pipeline.params.spiral import (
    SpiralData,
    SpiralEstimators,
    SpiralScoring,
    SpiralTraining,
)
from rdm_pipeline.studies.matching import Cell, draw_samples, small_network, train_generator
from rdm_pipeline.studies.spiral import real_data, spiral_scores

DATA = SpiralData(turns=2.0, radii=[0.5, 2.5], noise=0.05, points=2000, dim=64, seed=42)
TRAINING = SpiralTraining(
    widths=[16, 8], steps=5, learning_rate=0.001, final_learning_rate=0.0001, clip=2.0
)
ESTIMATORS = SpiralEstimators(
    bandwidths=[0.1, 0.2, 0.4, 0.8, 1.6],
    rff_features=16,
    landmarks=512,
    jitter=1e-6,
    directions=8,
    temperatures=[0.06, 0.2],
    drifting_points=16,
)
POINTS, FRAME = real_data(DATA)
REAL = POINTS @ FRAME


def silent(step: int, steps: int) -> None:
    pass


def samples_of(cell: Cell, training: SpiralTraining = TRAINING) -> torch.Tensor:
    generator = train_generator(cell, REAL, training, ESTIMATORS, silent)
    return draw_samples(generator, 1000, FRAME, seed=1)


@pytest.mark.parametrize("discrepancy", ["frechet", "mmd_exact", "sliced_wasserstein"])
def test_a_cell_gives_the_same_samples_again_and_others_with_another_seed(discrepancy):
    first = samples_of(Cell(discrepancy, 8, 42))
    torch.rand(3)  # the global stream does not matter
    assert torch.equal(first, samples_of(Cell(discrepancy, 8, 42)))
    assert not torch.equal(first, samples_of(Cell(discrepancy, 8, 0)))


def test_weights_are_those_of_the_seed_and_the_stream_goes_on_where_they_stop():
    before = torch.get_rng_state()
    generator, random = small_network(64, [16, 8], seed=42)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(42)
    assert torch.equal(generator[0].weight, torch.nn.Linear(2, 16).weight)
    assert [m.out_features for m in generator if isinstance(m, torch.nn.Linear)] == [16, 8, 64]
    assert not isinstance(generator[-1], torch.nn.ReLU)
    draws = torch.rand(4, generator=random)
    assert not torch.equal(draws, torch.rand(4, generator=torch.Generator().manual_seed(42)))


def test_every_step_is_reported():
    steps = []
    train_generator(
        Cell("frechet", 4, 0), REAL, TRAINING, ESTIMATORS, lambda *step: steps.append(step)
    )
    assert steps == [(step, 5) for step in range(1, 6)]


def test_the_first_step_moves_every_weight_by_at_most_the_learning_rate():
    start, _ = small_network(64, [16, 8], seed=42)
    one = TRAINING.model_copy(update={"steps": 1})
    trained = train_generator(Cell("frechet", 8, 42), REAL, one, ESTIMATORS, silent)
    moves = [
        float((a - b).abs().max())
        for a, b in zip(trained.parameters(), start.parameters(), strict=True)
    ]
    assert max(moves) == pytest.approx(0.001, rel=0.01)


@pytest.mark.slow
def test_a_short_training_with_nystrom_covers_most_of_the_spiral():
    training = TRAINING.model_copy(update={"widths": [128, 128, 128], "steps": 2500})
    scoring = SpiralScoring(samples=1000, anchors=60, radius=0.15, curve_points=1500, seed=1)
    scores = spiral_scores(samples_of(Cell("mmd_nystrom", 32, 42), training), DATA, scoring)
    assert scores["recall"] > 0.8
    assert scores["med_dist"] < 0.2
