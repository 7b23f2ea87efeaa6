"""Prompts through the text encoder that the parameters name."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from rdm_pipeline.encoders.hub import weight_file
from rdm_pipeline.errors import RdmError
from rdm_pipeline.packages import paper_package
from rdm_pipeline.params.text import ContextSpec, MiniLmContext, MiniLmText, TextSpec
from rdm_pipeline.text.minilm import MiniLm
from rdm_pipeline.text.qwen3 import Qwen3

Encode = Callable[[Sequence[str]], Tensor]
BLOCK = 64


def context_encoder(spec: ContextSpec, device: torch.device) -> Encode:
    """Return a function of prompts that gives contexts (n, L, D) for the generator."""
    if isinstance(spec, MiniLmContext):
        minilm = MiniLm(device)
        return lambda prompts: minilm.contexts(prompts, spec.length)
    files = [weight_file(origin) for origin in spec.files]
    qwen = Qwen3(_folder(files, "config.json"), _folder(files, "tokenizer_config.json"), device)
    return lambda prompts: qwen.contexts(prompts, spec.length, spec.layers)


def text_encoder(spec: TextSpec, device: torch.device) -> Encode:
    """Return a function of prompts that gives codes (n, c) float32 for the joint law."""
    if isinstance(spec, MiniLmText):
        return MiniLm(device).codes
    files = [weight_file(origin) for origin in spec.files]
    return _open_clip(_folder(files, "open_clip_config.json"), device)


def encoded(encode: Encode, prompts: Sequence[str]) -> Iterator[Tensor]:
    """Yield what `encode` gives for the prompts, in blocks of rows, on the CPU.

    Raises RdmError for rows that are not finite.
    """
    for start in range(0, len(prompts), BLOCK):
        rows = encode(prompts[start : start + BLOCK])
        if not rows.isfinite().all():
            raise RdmError(f"prompts from row {start}: their encoding is not finite")
        yield rows.cpu()


def numbered(prompts: Sequence[str]) -> tuple[list[str], list[int]]:
    """Return the distinct prompts in order of appearance, and each prompt's number among them."""
    number: dict[str, int] = {}
    rows = [number.setdefault(prompt, len(number)) for prompt in prompts]
    return list(number), rows


def _open_clip(folder: Path, device: torch.device) -> Encode:
    open_clip = paper_package("open_clip")
    name = f"local-dir:{folder}"
    try:
        model = open_clip.create_model(name, device=device, require_pretrained=True)
        tokenizer = open_clip.get_tokenizer(name)
    except (RuntimeError, ValueError, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise RdmError(f"{folder}: no open_clip model ({reason})") from None
    model.eval().requires_grad_(False)
    return lambda prompts: model.encode_text(
        tokenizer(list(prompts)).to(device), normalize=True
    ).float()


def _folder(files: Sequence[Path], name: str) -> Path:
    for file in files:
        if file.name == name:
            return file.parent
    raise RdmError(f"files: found no {name}, needed")
