"""Small text models on disk, laid out as the published repositories are."""

import json
from pathlib import Path

import torch

from rdm_pipeline.encoders.hub import BY_HAND
from rdm_pipeline.files import sha256
from rdm_pipeline.packages import paper_package
from rdm_pipeline.params.encoders import HubFile

WORDS = ["[PAD]", "[UNK]", "user", "assistant", "a", "red", "dog", "on", "grass", "two", "cats"]
TEMPLATE = (
    "{% for m in messages %}{{ m['role'] }} {{ m['content'] }} {% endfor %}"
    "{% if add_generation_prompt %}assistant{% endif %}{% if enable_thinking %} think{% endif %}"
)


def write_tokenizer(folder: Path) -> None:
    tokenizers, transformers = paper_package("tokenizers"), paper_package("transformers")
    words = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="[UNK]")
    )
    words.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]", chat_template=TEMPLATE
    ).save_pretrained(folder)


def write_qwen3(folder: Path) -> None:
    """A Qwen3 of 4 layers and width 16 in `text_encoder`, its tokenizer in `tokenizer`."""
    transformers = paper_package("transformers")
    torch.manual_seed(0)
    config = transformers.Qwen3Config(
        vocab_size=len(WORDS),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=4,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
    )
    transformers.Qwen3ForCausalLM(config).to(torch.bfloat16).save_pretrained(
        folder / "text_encoder"
    )
    write_tokenizer(folder / "tokenizer")


def write_open_clip(folder: Path) -> None:
    """An open_clip model with a text tower of width 8, and a tokenizer."""
    open_clip = paper_package("open_clip")
    save = paper_package("safetensors.torch").save_file
    text = {
        "context_length": 6,
        "vocab_size": len(WORDS),
        "hf_tokenizer_name": "here",
        "width": 8,
        "heads": 2,
        "layers": 1,
        "no_causal_mask": True,
        "pool_type": "last",
    }
    vision = {"image_size": 8, "layers": 1, "width": 8, "head_width": 4, "patch_size": 4}
    config = {"embed_dim": 8, "custom_text": True, "vision_cfg": vision, "text_cfg": text}
    told = {"model_cfg": config, "preprocess_cfg": {}}
    write_tokenizer(folder)
    (folder / "open_clip_config.json").write_text(json.dumps(told))
    torch.manual_seed(0)
    model = open_clip.CustomTextCLIP(embed_dim=8, vision_cfg=vision, text_cfg=text)
    save(model.state_dict(), folder / "open_clip_model.safetensors")


def pinned(repo: str) -> list[HubFile]:
    """The files put by hand below the working folder, as the parameters would name them."""
    folder = BY_HAND / repo
    return [
        HubFile(repo=repo, file=str(path.relative_to(folder)), revision=None, sha256=sha256(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
