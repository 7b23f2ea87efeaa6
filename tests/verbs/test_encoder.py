import json
from pathlib import Path

import numpy as np
import pytest
import torch

from rdm_pipeline.artifacts import read_array, read_tensors, write_arrays, write_tensors
from rdm_pipeline.encoders.battery import build_network
from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import sha256
from rdm_pipeline.params.encoders import HubFile, Network
from rdm_pipeline.verbs import encoder, features
from tests.encoders.released import small_network

HUB = {"repo": "timm/vit_large_patch16_224.mae", "file": "model.safetensors", "revision": "a" * 40}


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(0).integers(256, size=(3, 3, 32, 32), dtype=np.uint8)
    arrays = {"images": pixels, "labels": np.zeros(3, np.int64)}
    write_arrays(tmp_path / "images.h5", "images", arrays, {"classes": json.dumps(["a"])})
    return tmp_path / "images.h5"


def released(placed: str) -> tuple[Network, Path]:
    """A small network whose released file lies where a person would put it."""
    network, path = small_network("mae"), Path(placed) / HUB["repo"] / HUB["file"]
    model = build_network(network, 3).model
    write_tensors(path, model.state_dict(), {})
    return network.model_copy(update={"weights": [HubFile(**HUB, sha256=sha256(path))]}), path


def make(network: Network, images: Path) -> Path:
    weights = images.with_name("mae.safetensors")
    told = encoder.Params(encoder="mae", network=network, pretraining=None, threads=1)
    encoder.run(told, images=images, weights=weights)
    return weights


def test_released_weights_become_an_artifact_that_features_need_no_hub_for(images):
    network, path = released("data/weights")
    weights = make(network, images)
    _, about = read_tensors(weights)
    assert about["network"]["weights"] == [network.weights[0].model_dump()]
    path.unlink()
    seen = images.with_name("features.h5")
    features.run(
        features.Params(encoder="mae", network=network, threads=1),
        images=images,
        weights=weights,
        features=seen,
    )
    rows = read_array(seen, "features", "features", {"encoder": "mae", "pool": "avg"})
    assert rows.shape == (3, 32) and rows.dtype == np.float32
    assert torch.from_numpy(rows).std(0).max() > 0


def test_nothing_is_written_of_a_file_that_is_not_the_pinned_one(images):
    network, path = released("data/weights")
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(RdmError, match=f"{path}: sha256 is .* is pinned to"):
        make(network, images)
    assert not images.with_name("mae.safetensors").exists()
