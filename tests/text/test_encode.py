"""Prompts through the text encoders: the published ones' classes at small size, MiniLM itself."""

import pytest
import torch

from rdm_pipeline.encoders.hub import BY_HAND
from rdm_pipeline.errors import RdmError
from rdm_pipeline.loading.texts import prompts_hash
from rdm_pipeline.packages import paper_package
from rdm_pipeline.params.text import MiniLmContext, MiniLmText, OpenClipText, Qwen3Context
from rdm_pipeline.text.encode import (
    BLOCK,
    context_encoder,
    encoded,
    numbered,
    text_encoder,
)
from tests.text.folders import pinned, write_open_clip, write_qwen3

CPU = torch.device("cpu")
PROMPTS = ["a red dog", "two cats on grass on grass on grass on grass"]


@pytest.fixture
def qwen(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_qwen3(BY_HAND / "some/klein")
    return BY_HAND / "some/klein"


def spec(length=9, layers=(1, 2, 3)):
    return Qwen3Context(
        kind="qwen3", files=pinned("some/klein"), layers=list(layers), length=length
    )


@pytest.mark.parametrize("length", [4, 9, 16])
def test_contexts_of_qwen3_are_those_of_diffusers_pipeline(qwen, length):
    transformers = paper_package("transformers")
    expected = paper_package("diffusers").Flux2KleinPipeline._get_qwen3_prompt_embeds(
        transformers.Qwen3ForCausalLM.from_pretrained(qwen / "text_encoder", dtype=torch.bfloat16),
        transformers.AutoTokenizer.from_pretrained(qwen / "tokenizer"),
        PROMPTS,
        max_sequence_length=length,
        hidden_states_layers=[1, 2, 3],
    )
    found = context_encoder(spec(length), CPU)(PROMPTS)
    assert found.shape == (2, length, 48) and found.dtype == torch.bfloat16
    torch.testing.assert_close(found, expected)


def test_a_layer_that_qwen3_lacks_is_refused(qwen):
    with pytest.raises(RdmError, match="layers: found 9, the model has 0 to 4"):
        context_encoder(spec(layers=[1, 9]), CPU)(PROMPTS)


def test_weights_that_qwen3_lacks_are_named(qwen):
    file = qwen / "text_encoder" / "model.safetensors"
    safetensors = paper_package("safetensors.torch")
    tensors = safetensors.load_file(file)
    del tensors["model.layers.2.mlp.up_proj.weight"]
    safetensors.save_file(tensors, file, {"format": "pt"})
    with pytest.raises(RdmError, match=r"layers\.2\.mlp\.up_proj"):
        context_encoder(spec(), CPU)


def test_files_without_a_tokenizer_are_refused(qwen):
    files = [file for file in pinned("some/klein") if "tokenizer" not in file.file]
    told = Qwen3Context(kind="qwen3", files=files, layers=[1], length=4)
    with pytest.raises(RdmError, match=r"files: found no tokenizer_config\.json"):
        context_encoder(told, CPU)


def test_codes_of_open_clip_are_its_text_tower_normalised(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_open_clip(BY_HAND / "some/siglip")
    told = OpenClipText(kind="open_clip", files=pinned("some/siglip"))
    codes = text_encoder(told, CPU)(PROMPTS)
    torch.testing.assert_close(codes.norm(dim=1), torch.ones(2))
    assert codes.shape == (2, 8) and (codes[0] - codes[1]).norm() > 1e-3
    torch.testing.assert_close(text_encoder(told, CPU)(PROMPTS[1:]), codes[1:])


def test_an_open_clip_model_of_other_weights_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = BY_HAND / "some/siglip"
    write_open_clip(folder)
    safetensors = paper_package("safetensors.torch")
    tensors = safetensors.load_file(folder / "open_clip_model.safetensors")
    tensors["text.bogus"] = torch.zeros(1)
    safetensors.save_file(tensors, folder / "open_clip_model.safetensors")
    with pytest.raises(RdmError, match=r"no open_clip model .*text\.bogus"):
        text_encoder(OpenClipText(kind="open_clip", files=pinned("some/siglip")), CPU)


def test_minilm_knows_what_is_alike():
    codes = text_encoder(MiniLmText(kind="minilm"), CPU)(
        ["a dog on the grass", "a puppy on a lawn", "stock prices fell sharply"]
    )
    assert codes.shape == (3, 384)
    likeness = codes @ codes.T
    assert likeness[0, 1] > likeness[0, 2] + 0.3


def test_a_prompts_code_does_not_depend_on_its_neighbours():
    encode = text_encoder(MiniLmText(kind="minilm"), CPU)
    torch.testing.assert_close(encode(PROMPTS)[:1], encode(PROMPTS[:1]))


def test_contexts_of_minilm_are_padded_or_cut_to_the_length():
    contexts = context_encoder(MiniLmContext(kind="minilm", length=6), CPU)(PROMPTS)
    assert contexts.shape == (2, 6, 384)


def test_blocks_cover_all_prompts_in_order():
    prompts = [str(number) for number in range(2 * BLOCK + 3)]
    rows = torch.cat(list(encoded(lambda some: torch.tensor([[float(p)] for p in some]), prompts)))
    assert rows[:, 0].tolist() == [float(p) for p in prompts]


def test_an_encoding_that_is_not_finite_is_refused():
    with pytest.raises(RdmError, match="prompts from row 0: their encoding is not finite"):
        list(encoded(lambda some: torch.full((len(some), 1), float("nan")), ["a"]))


def test_prompts_are_numbered_in_order_of_appearance():
    assert numbered(["b", "a", "b", "c"]) == (["b", "a", "c"], [0, 1, 0, 2])


def test_the_hash_depends_on_prompts_and_order_alone():
    assert prompts_hash(["a", "b"]) == prompts_hash(("a", "b"))
    assert len({prompts_hash(p) for p in (["a", "b"], ["b", "a"], ["ab"], ["a, b"])}) == 4
