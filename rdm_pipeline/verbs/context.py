"""rdm context: prompts as a text-conditional generator reads them, encoded once."""

from pathlib import Path

import torch
from pydantic import PositiveInt

from rdm_pipeline.artifacts import create_arrays
from rdm_pipeline.loading.device import compute_device
from rdm_pipeline.loading.texts import load_prompts, prompts_hash
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.text import ContextSpec
from rdm_pipeline.progress import Progress
from rdm_pipeline.text.encode import context_encoder, encoded, numbered


class Params(Section):
    """What context reads."""

    context: ContextSpec
    context_length: PositiveInt | None = None  # another than the context's
    threads: PositiveInt


def run(params: Params, *, prompts: Path, contexts: Path) -> None:
    """Write contexts (U, L, D) of distinct prompts, the bits of bfloat16, and their rows (P,)."""
    torch.set_num_threads(params.threads)
    spec, captions = params.context, load_prompts(prompts)
    spec = spec.model_copy(update={"length": params.context_length or spec.length})
    distinct, rows = numbered(captions)
    encode = context_encoder(spec, compute_device())
    width = encode(distinct[:1]).shape[2]
    attrs = {"encoder": spec.kind, "prompts": prompts_hash(captions)}
    shapes = {"contexts": (len(distinct), spec.length, width), "rows": (len(rows),)}
    progress, done = Progress("context", len(distinct)), 0
    with create_arrays(contexts, "contexts", shapes, attrs) as file:
        file["rows"][:] = rows
        for block in encoded(encode, distinct):
            bits = block.to(torch.bfloat16).contiguous().view(torch.uint16)
            file["contexts"][done : done + len(block)] = bits.numpy()
            done += len(block)
            progress.update(done)
