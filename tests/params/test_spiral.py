from pathlib import Path

import pytest

from rdm_pipeline.params.project import load_tree, parse

SPIRAL = parse(load_tree(Path(__file__).resolve().parents[2])).spiral


@pytest.mark.parametrize(
    ("discrepancy", "batch", "expected"),
    [("mmd_rff", 128, [7]), ("mmd_rff", 32, [1, 2]), ("frechet", 128, [0])],
)
def test_seeds_are_those_of_the_cell_else_of_the_discrepancy_else_the_default(
    discrepancy, batch, expected
):
    seeds = {"default": [0], "mmd_rff": [1, 2], "mmd_rff_128": [7]}
    assert SPIRAL.model_copy(update={"seeds": seeds}).seeds_of(discrepancy, batch) == expected


def test_the_batch_axis_holds_the_grids_batches_and_further_ones_in_order():
    spiral = SPIRAL.model_copy(update={"batches": [8, 128], "more_batches": {"mmd_rff": [64, 8]}})
    assert spiral.batches_of("mmd_rff") == [8, 64, 128]
    assert spiral.batches_of("frechet") == [8, 128]


def test_random_features_at_128_take_the_seed_that_the_paper_discloses():
    assert SPIRAL.seeds_of("mmd_rff", 128) == [0]
    assert SPIRAL.seeds_of("mmd_rff", 32) == [42]
