import numpy as np
import pytest
import torch

from rdm_pipeline.discrepancies.rff import build_rff_bank, rff_mmd2
from rdm_pipeline.errors import RdmError
from rdm_pipeline.reference.bank import EvaluationBank, build_bank
from tests.discrepancies import plain
from tests.discrepancies.plain import points


def bank_of(train: torch.Tensor, val: torch.Tensor, **changes: int) -> EvaluationBank:
    settings = {
        "samples": 40,
        "directions": 16,
        "seed": 3,
        "draws": 1,
        "rff_features": 64,
        "rff_seed": 9,
        "rff_rows": 50,
    }
    return build_bank(train, val, 2.0, **(settings | changes))


@pytest.fixture(scope="module")
def sets():
    return points(300, 5), points(100, 5, 1)


@pytest.mark.parametrize(("samples", "rff_rows"), [(30, 50), (50, 30)])
def test_floors_are_the_distances_of_the_drawn_rows(sets, samples, rff_rows):
    train, val = sets
    bank = bank_of(train, val, samples=samples, rff_rows=rff_rows)
    train_rows = torch.randperm(300, generator=torch.Generator().manual_seed(3))
    sw = plain.sliced_wasserstein(
        val[bank.val_rows[0, :samples]], train[train_rows[:samples]], bank.directions()
    )
    rff = rff_mmd2(
        val[bank.val_rows[0, :rff_rows]],
        build_rff_bank(train[train_rows[:rff_rows]], 2.0, 64, seed=9),
    )
    assert bank.sw_floor == pytest.approx(sw, rel=1e-5)
    assert bank.rff_floor == pytest.approx(float(rff), rel=1e-5)


def test_the_second_real_draw_shares_no_row_with_the_first(sets):
    bank = bank_of(*sets)
    assert bank.val_rows.shape == bank.real_rows.shape == (1, 50)
    assert not set(bank.val_rows[0].tolist()) & set(bank.real_rows[0].tolist())


def test_rff_rows_may_be_the_whole_validation_set_while_sw_stays_disjoint(sets):
    bank = bank_of(*sets, rff_rows=100)
    assert sorted(bank.real_rows[0].tolist()) == list(range(100))
    assert not set(bank.val_rows[0, :40].tolist()) & set(bank.real_rows[0, :40].tolist())


def test_arrays_and_attrs_bring_back_the_same_bank(sets):
    bank = bank_of(*sets)
    scalars = {name: np.asarray(value)[()] for name, value in bank.attrs().items()}
    again = EvaluationBank.from_arrays(bank.arrays(), scalars)
    assert again.attrs() == bank.attrs()
    assert all(torch.equal(getattr(again, name), getattr(bank, name)) for name in bank.arrays())
    assert torch.equal(again.directions(), bank.directions())
    assert torch.equal(again.rff().weights, bank.rff().weights)


def test_everything_in_the_bank_is_an_array_or_a_plain_number(sets):
    bank = bank_of(*sets)
    assert all(isinstance(array, np.ndarray) for array in bank.arrays().values())
    assert all(type(value) in (int, float) for value in bank.attrs().values())


def test_the_same_seeds_give_the_same_bank(sets):
    first, second = bank_of(*sets), bank_of(*sets)
    assert first.attrs() == second.attrs()
    assert all(np.array_equal(a, second.arrays()[name]) for name, a in first.arrays().items())
    assert bank_of(*sets, seed=4).sw_floor != first.sw_floor


def test_float16_features_are_scored_in_float32(sets):
    train, val = (x.half() for x in sets)
    assert bank_of(train, val).train_projections.dtype == torch.float32
    assert bank_of(train, val).sw_floor == bank_of(train.float(), val.float()).sw_floor


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": 51}, "samples: 51, allowed at most 50"),
        ({"rff_rows": 101}, "rff_rows: 101, allowed at most the 100"),
    ],
)
def test_sets_too_small_are_refused_with_the_numbers(sets, changes, message):
    with pytest.raises(RdmError, match=message):
        bank_of(*sets, **changes)


def test_too_few_training_rows_are_refused(sets):
    with pytest.raises(RdmError, match="at most the 45 training rows"):
        bank_of(sets[0][:45], sets[1])


def test_a_floor_of_zero_is_refused():
    with pytest.raises(RdmError, match="SW floor"):
        bank_of(torch.zeros(100, 5), torch.zeros(100, 5))


def test_bad_features_are_refused(sets):
    train, val = sets
    with pytest.raises(RdmError, match=r"\(100, 4\), expected \(N >= 1, 5\)"):
        bank_of(train, val[:, :4])
    with pytest.raises(RdmError, match="validation features: 50 of 50 rows"):
        bank_of(train, torch.full_like(val, torch.inf))


def test_floors_are_means_over_draws_and_draws_differ(sets):
    train, val = sets
    bank = bank_of(train, val, draws=4)
    train_rows = torch.randperm(300, generator=torch.Generator().manual_seed(3))[:40]
    sw = [
        plain.sliced_wasserstein(val[rows[:40]], train[train_rows], bank.directions())
        for rows in bank.val_rows
    ]
    assert bank.sw_floor == pytest.approx(float(np.mean(sw)), rel=1e-5)
    assert len(set(sw)) == 4
    for mine, other in zip(bank.val_rows, bank.real_rows, strict=True):
        assert not set(mine.tolist()) & set(other.tolist())
