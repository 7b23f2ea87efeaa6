import pytest
import torch

from rdm_pipeline.discrepancies.kernels import gaussian_kernel
from rdm_pipeline.errors import RdmError
from rdm_pipeline.reference.coupling import class_codes, couple
from tests.discrepancies.plain import points


def test_features_come_first_then_beta_at_the_label():
    coupled = couple(torch.tensor([[5.0], [6.0]]), torch.tensor([2, 0]), class_codes(3), beta=1.5)
    assert coupled.tolist() == [[5, 0, 0, 1.5], [6, 1.5, 0, 0]]


def test_kernel_factorises_into_features_and_labels():
    x, labels, beta, gamma = points(20, 3), torch.arange(20) % 4, 1.3, 0.4
    coupled = couple(x, labels, class_codes(4), beta)
    same = labels[:, None] == labels[None, :]
    labels_kernel = torch.where(same, 1.0, torch.exp(torch.tensor(-gamma * 2 * beta**2)))
    torch.testing.assert_close(
        gaussian_kernel(coupled, coupled, gamma), gaussian_kernel(x, x, gamma) * labels_kernel
    )


def test_without_a_weight_the_features_are_as_they_were():
    x = points(3, 2)
    assert couple(x, torch.tensor([0, 1, 1]), class_codes(2), beta=0.0) is x


def test_gradient_reaches_the_features():
    x = points(4, 3).requires_grad_()
    couple(x, torch.zeros(4, dtype=torch.int64), class_codes(2), 1.0).sum().backward()
    assert torch.equal(x.grad, torch.ones(4, 3))


def test_features_keep_their_dtype():
    x, labels = points(2, 3).half(), torch.tensor([0, 1], dtype=torch.uint8)
    assert couple(x, labels, class_codes(2), 1.0).dtype == torch.float16


def test_labels_out_of_range_are_refused_with_their_number():
    with pytest.raises(RdmError, match=r"2 of 3 outside 0\.\.3"):
        couple(points(3, 2), torch.tensor([-1, 0, 4]), class_codes(4), 1.0)


def test_missing_labels_are_refused():
    with pytest.raises(RdmError, match=r"expected \(3,\)"):
        couple(points(3, 2), torch.tensor([0, 1]), class_codes(4), 1.0)


def test_a_row_of_a_table_is_coupled_as_a_class_is():
    x, table = points(3, 2), torch.tensor([[0.5, 2.0], [1.0, -1.0]])
    coupled = couple(x, torch.tensor([1, 0, 1]), table, 2.0)
    assert coupled[:, 2:].tolist() == [[2, -2], [1, 4], [2, -2]]
    assert torch.equal(coupled[:, :2], x)
