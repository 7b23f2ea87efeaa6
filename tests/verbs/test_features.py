import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from rdm_pipeline.artifacts import create_arrays, read_array, write_arrays, write_tensors
from rdm_pipeline.encoders.battery import FrozenEncoder
from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import sha256
from rdm_pipeline.params.encoders import Network
from rdm_pipeline.progress import Progress
from rdm_pipeline.verbs.features import encode_rows
from tests.verbs.shards import (
    command,
    execute,
    execute_without_space,
    kill_while_writing,
    names,
    peak_memory,
)

PIXELS = {"family": "pixels", "source": "pixels", "resolution": 4, "pool": "flatten", "dim": 48}
CPU = torch.device("cpu")


def write_images(path: Path, count: int) -> Path:
    """Write noise of 64 x 64 in colour."""
    images = np.random.default_rng(0).integers(0, 256, (count, 3, 64, 64), np.uint8)
    arrays = {"images": images, "labels": np.zeros(count, np.int64)}
    write_arrays(path, "images", arrays, {"classes": json.dumps(["a"])})
    return path


def encode(network: nn.Module, images: np.ndarray, resolution: int = 64) -> np.ndarray:
    about = Network.model_validate({**PIXELS, "resolution": resolution})
    features = np.full((len(images), 2), np.nan, np.float32)
    encode_rows(FrozenEncoder(network, about), images, features, CPU, Progress("x", len(images)))
    return features


class FirstPixels(nn.Module):
    """The first two values of a picture, and how many pictures came at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[int] = []

    def forward(self, images):
        self.blocks.append(len(images))
        return images.flatten(1)[:, :2] * 255


@pytest.mark.parametrize(("count", "resolution"), [(1, 64), (512, 64), (1100, 64), (300, 96)])
def test_row_i_is_of_image_i_whatever_the_blocks(count, resolution):
    images = np.zeros((count, 1, resolution, resolution), np.uint8)
    images[:, 0, 0, 0], images[:, 0, 0, 1] = np.arange(count) % 256, np.arange(count) // 256
    network = FirstPixels()
    features = encode(network, images, resolution)
    np.testing.assert_allclose(features, images[:, 0, 0, :2], atol=1e-4)
    assert sum(network.blocks) == count
    assert max(network.blocks) <= (512 if resolution <= 64 else 128)


def test_a_feature_that_is_not_finite_is_refused():
    class Inverse(nn.Module):
        def forward(self, images):
            return 1 / images.flatten(1)[:, :2]

    images = np.full((600, 1, 64, 64), 7, np.uint8)
    images[550] = 0
    with pytest.raises(RdmError, match="x: rows from 512 on are not finite"):
        encode(Inverse(), images)


def features_of(images: Path, target: Path) -> list[str]:
    weights = target.with_name("pixels.safetensors")
    if not weights.exists():
        write_tensors(weights, {}, {"encoder": "pixels"})
    params = {"encoder": "pixels", "network": PIXELS, "threads": 1}
    return command("features", params, images=images, weights=weights, features=target)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_shard(tmp_path):
    peaks = {}
    for count in (8000, 32000):
        target = tmp_path / f"{count}.h5"
        execute(features_of(write_images(tmp_path / f"images{count}.h5", count), target))
        peaks[count] = peak_memory(target)
    more = 24000 * 3 * 64 * 64
    # threads' allocators alone make a tenth of a gigabyte of difference from run to run
    assert peaks[32000] - peaks[8000] < 0.5 * more


@pytest.mark.slow
def test_a_killed_job_leaves_no_file_and_the_next_one_is_as_if_there_had_been_none(tmp_path):
    images = write_images(tmp_path / "images.h5", 8000)
    target, undisturbed = tmp_path / "made/0.h5", tmp_path / "alone/0.h5"
    target.parent.mkdir()
    execute(features_of(images, undisturbed))
    kill_while_writing(features_of(images, target), target)
    assert not target.exists() and any(name.endswith(".partial") for name in names(target.parent))
    execute(features_of(images, target))
    assert names(target.parent) == ["0.h5", "0.h5.prov.json", "pixels.safetensors"]
    assert sha256(target) == sha256(undisturbed)
    assert np.isfinite(read_array(target, "features", "features")).all()


def test_a_failing_encoder_leaves_no_file(tmp_path):
    class Failing(nn.Module):
        def forward(self, images):
            raise RdmError("out of memory")

    attrs = {"encoder": "x", "pool": "avg", "resolution": 64}
    network = FrozenEncoder(Failing(), Network.model_validate({**PIXELS, "resolution": 64}))
    images = np.zeros((1200, 1, 64, 64), np.uint8)
    shapes = {"features": (1200, 2)}
    with (
        pytest.raises(RdmError, match="out of memory"),
        create_arrays(tmp_path / "f.h5", "features", shapes, attrs) as file,
    ):
        encode_rows(network, images, file["features"], CPU, Progress("x", 1200))
    assert names(tmp_path) == []


@pytest.mark.slow
def test_a_full_disk_is_one_line_and_no_file(tmp_path):
    images = write_images(tmp_path / "images.h5", 8000)
    (tmp_path / "made").mkdir()
    said = execute_without_space(features_of(images, tmp_path / "made/0.h5"))
    assert said.splitlines()[-1] == f"rdm: {tmp_path}/made/0.h5: not written: File too large"
    assert "Traceback" not in said
    assert names(tmp_path / "made") == ["pixels.safetensors"]
