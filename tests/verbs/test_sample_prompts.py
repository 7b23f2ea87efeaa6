"""Samples of a list of prompts: each from a seed of its own, whatever the others are."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from rdm_pipeline.artifacts import read_arrays, write_arrays, write_tensors
from rdm_pipeline.errors import RdmError
from rdm_pipeline.generators.noise import sample_noise
from rdm_pipeline.verbs import sample_prompts
from tests.generators.flux2 import CHANNELS, DIM, LENGTH, SIZE, TINY, tiny

PROMPTS = ["a red circle", "two crosses", "a circle above a square"]


@pytest.fixture
def folder(tmp_path) -> Path:
    write_tiny(tmp_path)
    return tmp_path


def write_tiny(folder: Path) -> None:
    """Write what a small generator draws from: its weights, images of its size, contexts."""
    write_tensors(folder / "generator.safetensors", tiny().state_dict(), {})
    images = {"images": np.zeros((2, CHANNELS, SIZE, SIZE)), "labels": np.zeros(2)}
    write_arrays(folder / "images.h5", "images", images, {"classes": "[]"})
    write_contexts(folder / "contexts.h5", [0, 1, 2])


def write_contexts(path: Path, rows: list[int], length: int = LENGTH) -> torch.Tensor:
    """Write the contexts of as many prompts; return those of the three (3, L, D)."""
    generator = torch.Generator().manual_seed(0)
    contexts = torch.randn(3, length, DIM, generator=generator).to(torch.bfloat16)
    arrays = {"contexts": contexts.view(torch.uint16).numpy(), "rows": np.array(rows)}
    write_arrays(path, "contexts", arrays, {"encoder": "x", "prompts": "x"})
    return contexts


def draw(
    folder: Path, prompts: list[str], samples: int, **own: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return images and labels."""
    captions = folder / "captions.jsonl"
    captions.write_text("".join(json.dumps({"prompt": prompt}) + "\n" for prompt in prompts))
    params = sample_prompts.Params(generator=TINY, samples=samples, seed=7000, threads=1, **own)
    sample_prompts.run(
        params,
        generator=folder / "generator.safetensors",
        images=folder / "images.h5",
        prompts=captions,
        contexts=folder / "contexts.h5",
        samples=folder / "samples.h5",
    )
    arrays, attrs = read_arrays(folder / "samples.h5", "images")
    assert attrs["noise"].startswith(f"seeds 7000 to {6999 + 100 * (len(prompts) - 1) + samples},")
    return arrays["images"], arrays["labels"]


@torch.no_grad()
def test_sample_s_of_prompt_p_is_of_its_context_and_of_seed_base_100_p_s(folder):
    images, labels = draw(folder, PROMPTS, samples=2)
    assert labels.tolist() == [0, 0, 1, 1, 2, 2]
    model, contexts = tiny(), write_contexts(folder / "contexts.h5", [0, 1, 2])
    for row, seed in enumerate([7000, 7001, 7100, 7101, 7200, 7201]):
        noise = sample_noise(seed, 0, [0], model.noise_shape)
        expected = (model(noise, contexts[row // 2][None]) * 255).round()
        assert np.abs(images[row] - expected[0].numpy()).max() <= 1  # rounding of another batch
    assert not np.array_equal(images[0], images[1])


def test_more_samples_leave_the_first_ones_as_they_were(folder):
    few, _ = draw(folder, PROMPTS, samples=1)
    more, _ = draw(folder, PROMPTS, samples=3)
    assert np.abs(few.astype(int) - more[::3]).max() <= 1


def test_contexts_of_another_list_are_refused(folder):
    with pytest.raises(RdmError, match=r"contexts\.h5: 3 prompts for the 2 rows of .*captions"):
        draw(folder, PROMPTS[:2], samples=1)


@torch.no_grad()
def test_longer_contexts_are_read_only_where_the_list_says_so(folder):
    trained, _ = draw(folder, PROMPTS, samples=1)
    longer = write_contexts(folder / "contexts.h5", [0, 1, 2], LENGTH + 4)
    with pytest.raises(RdmError, match=f"context_length {LENGTH + 4}, the generator's is {LENGTH}"):
        draw(folder, PROMPTS, samples=1)
    images, _ = draw(folder, PROMPTS, samples=1, context_length=LENGTH + 4)
    noise = sample_noise(7100, 0, [0], tiny().noise_shape)
    expected = (tiny(context_length=LENGTH + 4)(noise, longer[1][None]) * 255).round()
    assert np.abs(images[1] - expected[0].numpy()).max() <= 1
    assert not np.array_equal(images, trained)
