import torch
from hypothesis import given
from hypothesis import strategies as st

from rdm_pipeline.reference.draws import proportional_order


@given(st.lists(st.integers(0, 4), min_size=1, max_size=200), st.data())
def test_every_stretch_of_a_proportional_order_keeps_the_shares_of_the_classes(labels, data):
    labels = torch.tensor(labels)
    order = proportional_order(labels, torch.Generator().manual_seed(len(labels)))
    assert sorted(order.tolist()) == list(range(len(labels)))
    start = data.draw(st.integers(0, len(labels)))
    stop = data.draw(st.integers(start, len(labels)))
    for label in labels.unique():
        share = float((labels == label).float().mean())
        found = int((labels[order[start:stop]] == label).sum())
        # each end of the stretch may cut a class's next row off
        assert abs(found - share * (stop - start)) <= 2 + share


def test_a_proportional_order_is_random_within_a_class():
    labels = torch.tensor([0, 1]).repeat(50)
    orders = [
        proportional_order(labels, torch.Generator().manual_seed(seed)).tolist()
        for seed in (0, 0, 1)
    ]
    assert orders[0] == orders[1] != orders[2]
