import math

import pytest
import torch

from rdm_pipeline.params.spiral import SpiralData, SpiralScoring
from rdm_pipeline.studies.spiral import (
    real_data,
    real_scores,
    spiral_curve,
    spiral_points,
    spiral_scores,
)

DATA = SpiralData(turns=2.0, radii=[0.5, 2.5], noise=0.05, points=300, dim=64, seed=42)
SCORING = SpiralScoring(samples=4000, anchors=60, radius=0.15, curve_points=1500, seed=1)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_curve_starts_at_the_inner_radius_and_ends_two_turns_later_at_the_outer_one():
    curve = spiral_curve(DATA, 401)
    torch.testing.assert_close(curve[0], torch.tensor([0.5, 0.0], dtype=torch.float64))
    torch.testing.assert_close(curve[-1], torch.tensor([2.5, 0.0], dtype=torch.float64))
    radii = curve.norm(dim=1)
    torch.testing.assert_close(radii, torch.linspace(0.5, 2.5, 401, dtype=torch.float64))
    steps = torch.atan2(curve[:, 1], curve[:, 0]).diff() % (2 * math.pi)
    assert float(steps.sum()) == pytest.approx(4 * math.pi)


def test_points_scatter_around_the_curve_by_the_noise():
    points = spiral_points(DATA, 20_000, seeded(0))
    distances = torch.cdist(points.double(), spiral_curve(DATA, 4000)).amin(dim=1)
    half_normal = 0.6745 * DATA.noise  # median of |normal|
    assert float(distances.median()) == pytest.approx(half_normal, rel=0.03)


def test_the_frame_is_orthonormal_so_features_keep_the_distances_of_the_plane():
    points, frame = real_data(DATA)
    assert points.shape == (300, 2)
    torch.testing.assert_close(frame @ frame.T, torch.eye(2))
    in_space, in_plane = (torch.pdist(x) for x in (points @ frame, points))
    torch.testing.assert_close(in_space, in_plane, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(points @ frame @ frame.T, points)


def test_real_data_depends_on_its_seed_alone():
    first, again = real_data(DATA), real_data(DATA)
    other = real_data(DATA.model_copy(update={"seed": 0}))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])


def test_fresh_real_points_reach_every_anchor_and_score_the_floor_that_the_paper_states():
    scores = real_scores(DATA, SCORING)
    assert scores["recall"] == 1
    assert scores["med_dist"] == pytest.approx(0.033, abs=0.001)


def test_recall_is_the_share_of_anchors_with_a_sample_within_the_radius():
    anchors = spiral_curve(DATA, SCORING.anchors)
    aside = torch.tensor([0.0, 0.0])
    for reached in (0, 1, 30):
        samples = torch.cat([aside[None], anchors[60 - reached :].float()])
        expected = (torch.cdist(anchors, samples.double()).amin(1) <= 0.15).double().mean()
        assert spiral_scores(samples, DATA, SCORING)["recall"] == expected
        assert reached / 60 <= expected < reached / 60 + 0.1


def test_med_dist_is_half_way_between_the_two_middle_distances():
    samples = torch.tensor([[0.0, 0.0], [2.5, 0.0], [2.5, -0.01], [3.5, 0.0]])
    scores = spiral_scores(samples, DATA, SCORING)
    curve = spiral_curve(DATA, SCORING.curve_points)
    distances = torch.cdist(samples.double(), curve).amin(dim=1).sort().values
    assert scores["med_dist"] == pytest.approx(float(distances[1:3].mean()))


def test_samples_in_one_place_on_the_curve_are_sharp_and_recall_almost_nothing():
    samples = spiral_curve(DATA, 60)[59:].float().repeat(100, 1)
    scores = spiral_scores(samples, DATA, SCORING)
    assert scores["med_dist"] < 1e-3
    assert scores["recall"] == pytest.approx(1 / 60)
