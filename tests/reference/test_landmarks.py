import pytest
import torch
from sklearn.cluster import KMeans

from rdm_pipeline.discrepancies.checks import draw_rows
from rdm_pipeline.discrepancies.kernels import squared_distances
from rdm_pipeline.errors import RdmError
from rdm_pipeline.reference.landmarks import kmeans_landmarks
from tests.discrepancies.plain import points


def inertia(x: torch.Tensor, centres: torch.Tensor) -> float:
    return float(squared_distances(x, centres).min(dim=1).values.sum())


def test_inertia_is_within_three_percent_of_sklearn():
    x = points(3000, 8) + 3 * points(40, 8, 1).repeat(75, 1)
    ours = inertia(x, kmeans_landmarks(x, 64, seed=0))
    theirs = KMeans(64, init="random", n_init=1, max_iter=20, random_state=0).fit(x.numpy())
    assert ours < 1.03 * theirs.inertia_


@pytest.mark.parametrize("iterations", [1, 2, 5, 12, 30])
def test_centres_are_those_of_lloyd_iterations_that_look_at_every_centre(iterations):
    x = points(600, 3)
    order = draw_rows(600, 600, torch.Generator().manual_seed(0))
    centres = x[order[:25]].double()
    for _ in range(iterations):
        nearest = torch.cdist(x.double(), centres).argmin(dim=1)
        centres = torch.stack([x[nearest == k].double().mean(dim=0) for k in range(25)])
    found = kmeans_landmarks(x, 25, iterations, seed=0)
    torch.testing.assert_close(found, centres.float(), rtol=0, atol=1e-5)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    x = points(500, 4)
    assert torch.equal(kmeans_landmarks(x, 20, seed=0), kmeans_landmarks(x, 20, seed=0))
    assert not torch.equal(kmeans_landmarks(x, 20, seed=0), kmeans_landmarks(x, 20, seed=1))


def test_only_max_rows_rows_are_used():
    x = points(500, 4)
    landmarks = kmeans_landmarks(x, 50, max_rows=50, seed=0)
    assert float(squared_distances(landmarks, x).min(dim=1).values.max()) < 1e-5


def test_more_iterations_lower_the_inertia():
    x = points(2000, 4)
    few, many = (inertia(x, kmeans_landmarks(x, 30, n, seed=0)) for n in (1, 20))
    assert many < 0.97 * few


def test_all_drawn_rows_count_however_few_the_landmarks():
    x = points(1000, 4)
    torch.testing.assert_close(kmeans_landmarks(x, 1, seed=0)[0], x.mean(dim=0))


def test_duplicated_rows_still_give_all_landmarks():
    x = points(5, 4).repeat(20, 1)
    landmarks = kmeans_landmarks(x, 10, seed=0)
    assert landmarks.shape == (10, 4)
    assert landmarks.isfinite().all()


def test_faiss_prints_nothing(capfd):
    kmeans_landmarks(points(60, 4), 50, seed=0)
    assert capfd.readouterr() == ("", "")


def test_more_landmarks_than_rows_are_refused():
    with pytest.raises(RdmError, match="21 asked for, allowed at most the 20 rows"):
        kmeans_landmarks(points(20, 4), 21, seed=0)
    with pytest.raises(RdmError, match="21 asked for, allowed at most the 20 rows"):
        kmeans_landmarks(points(50, 4), 21, max_rows=20, seed=0)


def test_non_finite_rows_are_refused_with_their_number():
    x = points(20, 4)
    x[3, 1] = torch.inf
    with pytest.raises(RdmError, match="1 of 20 rows"):
        kmeans_landmarks(x, 5, seed=0)
