import pytest
import torch

from rdm_pipeline.errors import RdmError
from rdm_pipeline.evaluation.mmd import mmd_ratio
from rdm_pipeline.evaluation.sw import sw_ratio
from rdm_pipeline.reference.bank import build_bank
from tests.discrepancies import plain
from tests.discrepancies.plain import points


@pytest.fixture(scope="module")
def train():
    return points(4000, 16)


@pytest.fixture(scope="module")
def val():
    return points(4000, 16, 1)


@pytest.fixture(scope="module")
def bank(train, val):
    return build_bank(train, val, 5.0, 2000, 128, 0, 1, 1024, 99999, 2000)


@pytest.mark.parametrize("ratio", [sw_ratio, mmd_ratio])
def test_the_second_real_draw_reads_1_on_average(ratio):
    """One MMD ratio scatters by about 0.15 at 128 dimensions: hence the mean of 12 banks."""
    scores = []
    for seed in range(12):
        train, val = points(600, 128, 2 * seed), points(1100, 128, 2 * seed + 1)
        bank = build_bank(train, val, 16.0, 512, 128, seed, 1, 512, 99999, 512)
        scores.append(ratio(val[bank.real_rows[0]], bank))
    assert sum(scores) / 12 == pytest.approx(1, abs=0.13)


@pytest.mark.parametrize("ratio", [sw_ratio, mmd_ratio])
def test_the_first_real_draw_reads_1(ratio, val, bank):
    assert ratio(val[bank.val_rows[0]], bank) == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("ratio", [sw_ratio, mmd_ratio])
def test_worse_sets_read_higher(ratio, val, bank):
    real = val[bank.real_rows[0]]
    scores = [ratio(real + shift, bank) for shift in (0.0, 0.1, 0.5)]
    assert scores[0] < scores[1] < scores[2]
    assert scores[2] > 5


def test_a_collapsed_set_reads_high(train, bank):
    collapsed = train[:1].expand(2000, -1)
    assert sw_ratio(collapsed, bank) > 5
    assert mmd_ratio(collapsed, bank) > 5


def test_sw_ratio_is_the_quotient_of_two_plain_distances(train, val, bank):
    generated = points(2000, 16, 2) * 1.2
    rows = torch.randperm(4000, generator=torch.Generator().manual_seed(0))[:2000]
    distance = plain.sliced_wasserstein(generated, train[rows], bank.directions())
    floor = plain.sliced_wasserstein(val[bank.val_rows[0]], train[rows], bank.directions())
    assert sw_ratio(generated, bank) == pytest.approx(distance / floor, rel=1e-5)


@pytest.mark.parametrize("ratio", [sw_ratio, mmd_ratio])
def test_sets_of_another_size_are_refused_with_the_numbers(ratio, bank):
    with pytest.raises(RdmError, match="1999 generated rows, allowed 2000"):
        ratio(points(1999, 16), bank)


@pytest.mark.parametrize("ratio", [sw_ratio, mmd_ratio])
def test_features_of_another_encoder_are_refused(ratio, bank):
    with pytest.raises(RdmError, match=r"\(2000, 15\), expected \(N >= 1, 16\)"):
        ratio(points(2000, 15), bank)


@pytest.mark.parametrize("ratio", [sw_ratio, mmd_ratio])
def test_non_finite_rows_are_refused_with_their_number(ratio, bank):
    generated = points(2000, 16)
    generated[:3, 0] = torch.nan
    with pytest.raises(RdmError, match="3 of 2000 rows"):
        ratio(generated, bank)
