import numpy as np
import pytest
import torch

from rdm_pipeline.errors import RdmError
from rdm_pipeline.reference import nystrom
from rdm_pipeline.reference.nystrom import build_nystrom_reference
from tests.discrepancies import plain
from tests.discrepancies.plain import points


def test_alpha_solves_the_landmark_system_for_the_whole_pool(monkeypatch):
    monkeypatch.setattr(nystrom, "BLOCK", 32)
    real, z = points(101, 3), points(10, 3, 1)
    reference = build_nystrom_reference(real, z, sigma=1.2, k_rr_rows=7)
    gamma = 1 / (2 * 1.2**2)
    mu = plain.kernel(z, real, gamma).mean(1)
    alpha = np.linalg.solve(plain.kernel(z, z, gamma) + 1e-6 * np.eye(10), mu)
    assert reference.gamma == pytest.approx(gamma)
    assert reference.alpha.dtype == reference.landmarks.dtype == torch.float32
    np.testing.assert_allclose(reference.alpha.numpy(), alpha, rtol=1e-4, atol=1e-5)


def test_k_rr_is_over_the_first_rows_with_the_diagonal():
    real, z = points(100, 3), points(10, 3, 1)
    reference = build_nystrom_reference(real, z, sigma=1.2, k_rr_rows=7)
    expected = plain.kernel(real[:7], real[:7], reference.gamma).mean()
    assert reference.k_rr == pytest.approx(expected, rel=1e-6)


def test_duplicated_landmarks_are_solved_with_jitter_and_refused_without():
    real, z = points(50, 3), points(5, 3, 1).repeat(2, 1)
    assert build_nystrom_reference(real, z, sigma=1.0).alpha.isfinite().all()
    with pytest.raises(RdmError, match="10 landmarks is singular at jitter 0"):
        build_nystrom_reference(real, z, sigma=1.0, jitter=0.0)


def test_bad_features_are_refused():
    z, real = points(5, 3), points(50, 3)
    with pytest.raises(RdmError, match=r"\(50, 4\), expected \(N >= 1, 3\)"):
        build_nystrom_reference(points(50, 4), z, sigma=1.0)
    with pytest.raises(RdmError, match="sigma"):
        build_nystrom_reference(real, z, sigma=0.0)
    real[4] = torch.nan
    with pytest.raises(RdmError, match="1 of 50 rows"):
        build_nystrom_reference(real, z, sigma=1.0)
