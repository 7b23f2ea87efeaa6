"""rdm text: prompts as the joint law couples them, encoded once."""

from pathlib import Path

import torch
from pydantic import PositiveInt

from rdm_pipeline.artifacts import write_arrays
from rdm_pipeline.loading.device import compute_device
from rdm_pipeline.loading.texts import load_prompts, prompts_hash
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.text import TextSpec
from rdm_pipeline.text.encode import encoded, numbered, text_encoder


class Params(Section):
    """What text reads."""

    text: TextSpec
    threads: PositiveInt


@torch.no_grad()
def run(params: Params, *, prompts: Path, texts: Path) -> None:
    """Write codes (P, c) float32; row i is prompt i."""
    torch.set_num_threads(params.threads)
    captions = load_prompts(prompts)
    distinct, rows = numbered(captions)
    codes = torch.cat(list(encoded(text_encoder(params.text, compute_device()), distinct)))
    attrs = {"encoder": params.text.kind, "prompts": prompts_hash(captions)}
    write_arrays(texts, "texts", {"codes": codes[rows].numpy()}, attrs)
