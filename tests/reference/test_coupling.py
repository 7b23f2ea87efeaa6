import pytest
import torch

from rdm_pipeline.discrepancies.kernels import gaussian_kernel
from rdm_pipeline.errors import RdmError
from rdm_pipeline.reference.coupling import couple_labels
from tests.discrepancies.plain import points


def test_features_come_first_then_beta_at_the_label():
    coupled = couple_labels(torch.tensor([[5.0], [6.0]]), torch.tensor([2, 0]), 3, beta=1.5)
    assert coupled.tolist() == [[5, 0, 0, 1.5], [6, 1.5, 0, 0]]


def test_kernel_factorises_into_features_and_labels():
    x, labels, beta, gamma = points(20, 3), torch.arange(20) % 4, 1.3, 0.4
    coupled = couple_labels(x, labels, 4, beta)
    same = labels[:, None] == labels[None, :]
    labels_kernel = torch.where(same, 1.0, torch.exp(torch.tensor(-gamma * 2 * beta**2)))
    torch.testing.assert_close(
        gaussian_kernel(coupled, coupled, gamma), gaussian_kernel(x, x, gamma) * labels_kernel
    )


def test_without_a_weight_the_features_are_as_they_were():
    x = points(3, 2)
    assert couple_labels(x, torch.tensor([0, 1, 1]), 2, beta=0.0) is x


def test_gradient_reaches_the_features():
    x = points(4, 3).requires_grad_()
    couple_labels(x, torch.zeros(4, dtype=torch.int64), 2, 1.0).sum().backward()
    assert torch.equal(x.grad, torch.ones(4, 3))


def test_features_keep_their_dtype():
    x, labels = points(2, 3).half(), torch.tensor([0, 1], dtype=torch.uint8)
    assert couple_labels(x, labels, 2, 1.0).dtype == torch.float16


def test_labels_out_of_range_are_refused_with_their_number():
    with pytest.raises(RdmError, match=r"2 of 3 outside 0\.\.3"):
        couple_labels(points(3, 2), torch.tensor([-1, 0, 4]), 4, 1.0)


def test_missing_labels_are_refused():
    with pytest.raises(RdmError, match=r"expected \(3,\)"):
        couple_labels(points(3, 2), torch.tensor([0, 1]), 4, 1.0)
