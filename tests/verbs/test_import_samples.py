"""Somebody else's samples become a set like those that are sampled here."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rdm_pipeline.artifacts import link_shards, read_arrays
from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.evaluation import Sampling
from rdm_pipeline.verbs import import_samples
from tests.generators.plain_pmf import CLASSES, SIZE
from tests.verbs.generated import write_images

COUNT = 2 * CLASSES + 1


@pytest.fixture
def folder(tmp_path) -> Path:
    """Three pictures per class, whose grey tells class and place: 10 class + place."""
    write_images(tmp_path / "images.h5")
    for label in range(CLASSES):
        place = tmp_path / f"given/class {label}"
        place.mkdir(parents=True)
        for index in range(3):
            grey = np.full((SIZE, SIZE, 3), 10 * label + index, np.uint8)
            Image.fromarray(grey).save(place / f"{index}.png")
    return tmp_path


def take(folder: Path, shards: int) -> dict[str, np.ndarray]:
    parts = []
    for shard in range(shards):
        parts.append(folder / f"{shard}-of-{shards}.h5")
        params = import_samples.Params(
            path=str(folder / "given"),
            samples=COUNT,
            rff_rows=COUNT - 1,
            sampling=Sampling(seed=0, shards=shards),
            shard=shard,
        )
        import_samples.run(params, images=folder / "images.h5", samples=parts[-1])
    link_shards(folder / "whole.h5", "images", parts)
    arrays, attrs = read_arrays(folder / "whole.h5", "images")
    assert "noise" not in attrs
    return arrays


def test_classes_come_in_turn_and_shards_do_not_matter(folder):
    found = take(folder, shards=1)
    assert found["labels"].tolist() == [index % CLASSES for index in range(COUNT)]
    expected = [10 * (index % CLASSES) + index // CLASSES for index in range(COUNT)]
    assert found["images"][:, 0, 0, 0].tolist() == expected
    assert np.array_equal(take(folder, shards=2)["images"], found["images"])


def test_other_classes_and_too_few_pictures_are_told(folder):
    for index in (1, 2):
        (folder / f"given/class 0/{index}.png").unlink()
    with pytest.raises(RdmError, match=r"given: 1 images of class 0, expected 3"):
        take(folder, shards=1)
    (folder / "given/class 0").rename(folder / "given/zebra")
    with pytest.raises(RdmError, match=r"not the dataset's; class 0, zebra"):
        take(folder, shards=1)
    (folder / "given").rename(folder / "gone")
    with pytest.raises(RdmError, match="no such folder"):
        take(folder, shards=1)
