import pytest
import torch

from rdm_pipeline.discrepancies.checks import require_finite
from rdm_pipeline.errors import RdmError


def test_finite_features_whose_sum_is_not_are_accepted():
    require_finite(torch.full((3, 2), 3e38), "features")
    require_finite(torch.full((3, 2), 6e4).half(), "features")


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_every_row_that_is_not_finite_is_counted(bad):
    features = torch.zeros(4, 2)
    features[1, 0], features[3, 1] = torch.inf, bad
    with pytest.raises(RdmError, match="features: 2 of 4 rows"):
        require_finite(features, "features")
