"""PickScore at small size, against transformers' own CLIP logits; released files by their pins."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from safetensors.torch import save_file

from rdm_pipeline.errors import RdmError
from rdm_pipeline.evaluation.pickscore import PickScore, initial_model
from rdm_pipeline.files import sha256
from rdm_pipeline.params.preference import PreferenceModel
from rdm_pipeline.params.project import load_tree, parse

ROOT = Path(__file__).resolve().parents[2]
SMOKE = parse(load_tree(ROOT, "smoke")).evaluation.preference
PROMPTS = ["a photo of a bag", "a photo of an ankle boot", "a photo of a bag"]
REVISION = "a" * 40


def small(**changes: Any) -> PreferenceModel:
    return PreferenceModel.model_validate({**SMOKE.model.model_dump(), **changes})


def some_images(channels: int = 3) -> torch.Tensor:
    random = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (3, channels, 40, 40), generator=random, dtype=torch.uint8)


def build(spec: PreferenceModel) -> PickScore:
    return PickScore(spec, *initial_model(spec))


def test_scores_are_the_diagonal_of_clips_logits_whose_processor_divides_by_255():
    judge, images = build(small()), some_images()
    tokens = judge.tokenizer(PROMPTS, padding=True, return_tensors="pt")
    pictures = [Image.fromarray(image.permute(1, 2, 0).numpy()) for image in images]
    resized = [np.asarray(picture.resize((28, 28), Image.BICUBIC)) for picture in pictures]
    mean, std = (
        torch.tensor(numbers).view(3, 1, 1)
        for numbers in (judge.processor.image_mean, judge.processor.image_std)
    )
    pixels = (torch.from_numpy(np.stack(resized)).permute(0, 3, 1, 2) / 255 - mean) / std
    with torch.no_grad():
        logits = judge.model(pixel_values=pixels, **tokens).logits_per_image
    assert torch.allclose(judge.scores(images, PROMPTS), logits.diagonal(), atol=0.005)


def test_a_prompt_decides_the_score_and_random_weights_follow_their_seed():
    images = some_images()
    first = build(small()).scores(images, PROMPTS)
    assert torch.equal(first, build(small()).scores(images, PROMPTS))
    assert not torch.allclose(first, build(small()).scores(images, PROMPTS[1:] + PROMPTS[:1]))
    assert not torch.allclose(first, build(small(seed=1)).scores(images, PROMPTS))


def test_grey_is_colour_with_equal_channels():
    grey, judge = some_images(1), build(small())
    colour = grey.expand(-1, 3, -1, -1).contiguous()
    assert torch.equal(judge.scores(grey, PROMPTS), judge.scores(colour, PROMPTS))


def test_floats_would_be_rescaled_twice_and_are_refused():
    with pytest.raises(RdmError, match=r"found images of torch\.float32, allowed: torch\.uint8"):
        build(small()).scores(some_images().float() / 255, PROMPTS)


def test_a_longer_prompt_than_the_context_is_cut():
    spec = small(text={**SMOKE.model.text, "max_position_embeddings": 8})
    assert build(spec).scores(some_images(), PROMPTS).isfinite().all()


def test_an_option_that_transformers_refuses_is_one_line():
    with pytest.raises(RdmError, match=r"evaluation\.preference\.model: .*multiple") as error:
        initial_model(small(text={**SMOKE.model.text, "num_attention_heads": 3}))
    assert "\n" not in str(error.value)


# --- released files -----------------------------------------------------------------------------


@pytest.fixture
def released(tmp_path, monkeypatch) -> PreferenceModel:
    """Files as the hub has them, put by hand where they are looked for; all pinned."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data/weights/someone/pick"
    folder.mkdir(parents=True)
    weights, vocabulary = initial_model(small(seed=7))
    vocab = {**vocabulary["vocab"], "ph": len(vocabulary["vocab"])}
    grown = small(seed=7, vocabulary="bytes")
    (folder / "vocab.json").write_text(json.dumps(vocab))
    (folder / "merges.txt").write_text("#version: 0.2\np h\n")
    table = weights["text_model.embeddings.token_embedding.weight"]
    weights["text_model.embeddings.token_embedding.weight"] = torch.cat([table, table[:1]])
    old = {"text_model.embeddings.position_ids": torch.arange(77)[None]}
    save_file({**weights, **old}, folder / "model.safetensors")
    files = {
        name: {
            "repo": "someone/pick",
            "file": name,
            "revision": REVISION,
            "sha256": sha256(folder / name),
        }
        for name in ("model.safetensors", "vocab.json", "merges.txt")
    }
    return PreferenceModel.model_validate(
        {
            **grown.model_dump(),
            "weights": [files["model.safetensors"]],
            "vocabulary": [files["vocab.json"], files["merges.txt"]],
        }
    )


def test_released_files_give_their_weights_and_their_tokens(released):
    judge = build(released)
    assert isinstance(judge.model, transformers.CLIPModel)
    number = json.loads(Path("data/weights/someone/pick/vocab.json").read_text())["ph"]
    assert number in judge.tokenizer("photo")["input_ids"]
    scale = initial_model(small(seed=7))[0]["logit_scale"]
    assert torch.equal(judge.model.logit_scale, scale)


def test_weights_of_another_architecture_are_told_by_name(released):
    told = "vision_model.embeddings.position_embedding.weight"
    wrong = released.model_copy(update={"vision": {**released.vision, "image_size": 56}})
    with pytest.raises(RdmError, match=told):
        initial_model(wrong)


def test_a_file_without_a_pin_is_not_taken(released):
    loose = [file.model_copy(update={"sha256": None}) for file in released.weights]
    with pytest.raises(RdmError, match=r"someone/pick/model\.safetensors is not pinned yet"):
        initial_model(released.model_copy(update={"weights": loose}))
