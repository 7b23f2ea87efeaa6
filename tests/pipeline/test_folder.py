"""A user's own images come in by parameters alone."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from rdm_pipeline.artifacts import read_array, read_arrays
from tests.pipeline.conftest import copy_project, run

pytestmark = pytest.mark.slow

PROFILE = {
    "results": "results/mine",
    "dataset": {
        "kind": "folder",
        "name": "mine",
        "source": None,
        "train": "pictures/train",
        "val": "pictures/val",
        "resolution": 32,
        "channels": 3,
        "limits": {"train": None},
        "shards": {"train": 2},
    },
    "panel": "small",
    "experiments": None,
    "report": {"comparisons": None, "fig5": None},
    "panels": {
        "small": {
            "sup": {
                "role": "train",
                "paradigm": "supervised",
                "network": {
                    "family": "convnet",
                    "source": "conv_32_64_128",
                    "resolution": 32,
                    "pool": "flatten",
                    "dim": 128,
                },
                "pretraining": {
                    "objective": "supervised",
                    "steps": 5,
                    "batch": 8,
                    "learning_rate": 0.01,
                },
            },
        }
    },
}


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A copy of the project with two classes of pictures of all kinds."""
    folder = copy_project(tmp_path_factory.mktemp("folder") / "project")
    rng = np.random.default_rng(0)
    kinds = [("png", "L"), ("jpg", "RGB"), ("png", "RGBA"), ("bmp", "RGB")]
    for split, count in (("train", 24), ("val", 8)):
        for name in ("cat", "dog"):
            place = folder / "pictures" / split / name
            place.mkdir(parents=True)
            for index in range(count):
                ending, mode = kinds[index % len(kinds)]
                pixels = rng.integers(0, 256, (20 + index, 50, 4), np.uint8)
                Image.fromarray(pixels, "RGBA").convert(mode).save(place / f"{index}.{ending}")
    (folder / "profiles/mine.yaml").write_text(yaml.safe_dump(PROFILE))
    return folder


def make(project: Path, target: str) -> str:
    quiet = ("--quiet", "rules")
    command = ("snakemake", "-c2", "--config", "profile=mine", *quiet, "--", target)
    return run(project, *command)


def test_pictures_of_any_kind_become_images_and_features(project):
    make(project, "results/mine/features/mine/train/sup.h5")
    arrays, attrs = read_arrays(project / "results/mine/images/mine/train.h5", "images")
    assert arrays["images"].shape == (48, 3, 32, 32)
    assert np.bincount(arrays["labels"]).tolist() == [24, 24]
    assert attrs["classes"] == '["cat", "dog"]'
    features = project / "results/mine/features/mine/train/sup.h5"
    assert read_array(features, "features", "features").shape == (48, 128)


def test_an_added_picture_is_noticed(project):
    make(project, "results/mine/images/mine/val.h5")
    source = project / "pictures/val/cat/0.png"
    source.with_name("new.png").write_bytes(source.read_bytes())
    make(project, "results/mine/images/mine/val.h5")
    images = project / "results/mine/images/mine/val.h5"
    assert read_array(images, "images", "labels").shape == (17,)
