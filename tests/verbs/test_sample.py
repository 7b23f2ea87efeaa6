"""What sample draws: noise of the generator's own scale, whatever the shards and blocks."""

from pathlib import Path

import numpy as np
import pytest
import torch

from rdm_pipeline.artifacts import read_array, write_tensors
from rdm_pipeline.generators import drawing
from rdm_pipeline.generators.noise import balanced_labels, sample_noise
from rdm_pipeline.params.evaluation import Sampling
from rdm_pipeline.verbs import sample
from tests.generators.plain_pmf import CLASSES, TINY, tiny
from tests.verbs.generated import write_images

COUNT, SEED = 11, 3


@pytest.fixture
def folder(tmp_path) -> Path:
    write_images(tmp_path / "images.h5")
    write_tensors(tmp_path / "generator.safetensors", tiny().state_dict(), {})
    return tmp_path


def draw(folder: Path, shards: int) -> np.ndarray:
    """Return the samples (11, 3, 12, 12) uint8 of all shards together."""
    parts = []
    for shard in range(shards):
        target = folder / f"{shard}-of-{shards}.h5"
        params = sample.Params(
            generator=TINY,
            samples=COUNT,
            rff_rows=COUNT - 1,
            sampling=Sampling(seed=SEED, shards=shards),
            shard=shard,
            threads=1,
        )
        generator = folder / "generator.safetensors"
        images = folder / "images.h5"
        sample.run(params, generator=generator, images=images, contexts=None, samples=target)
        parts.append(read_array(target, "images", "images"))
    return np.concatenate(parts)


def assert_same(found: np.ndarray, expected: np.ndarray) -> None:
    """Another batch rounds otherwise: a level of 255 may go either way, rarely."""
    difference = np.abs(found.astype(int) - expected.astype(int))
    assert difference.max() <= 1 and (difference > 0).mean() < 0.01


@torch.no_grad()
def test_samples_are_made_from_noise_of_the_generators_scale(folder):
    model = tiny()
    noise = sample_noise(SEED, 0, range(COUNT), model.noise_shape)
    labels = balanced_labels(COUNT, CLASSES)
    clean = model.net(2.0 * noise, 1.0, 7.0, 0.2, 0.6, labels)
    expected = ((clean / 2 + 0.5).clamp(0, 1) * 255).round().numpy()
    assert_same(draw(folder, shards=1), expected)


def test_samples_do_not_depend_on_shards_and_blocks(folder, monkeypatch):
    whole = draw(folder, shards=1)
    assert_same(draw(folder, shards=3), whole)
    monkeypatch.setattr(drawing, "BLOCK", 2)
    assert_same(draw(folder, shards=2), whole)
