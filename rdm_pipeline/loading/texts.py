"""Files of captions, of their contexts and of their codes, as a run takes them."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rdm_pipeline.artifacts import open_arrays, read_array, read_attrs, read_json_lines
from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.generators import Flux2Spec, GeneratorSpec
from rdm_pipeline.reference.conditions import Conditions
from rdm_pipeline.reference.coupling import class_codes


def load_prompts(path: Path) -> list[str]:
    """Return the prompts of a file of captions: a JSON object per line, with its `prompt`."""
    captions = read_json_lines(path)
    for number, caption in enumerate(captions, 1):
        if not isinstance(caption, dict) or not isinstance(caption.get("prompt"), str):
            allowed = '{"prompt": TEXT, ...}'
            raise RdmError(f"{path}: line {number} is {caption!r}, allowed: {allowed}")
    if not captions:
        raise RdmError(f"{path}: found no captions")
    return [caption["prompt"] for caption in captions]


def prompts_hash(prompts: Sequence[str]) -> str:
    """Return the SHA-256 of the prompts in their order: tables of equal hash are row-aligned."""
    return hashlib.sha256(json.dumps(list(prompts)).encode()).hexdigest()


def load_texts(path: Path) -> Tensor:
    """Return codes (P, c) float32, a row per prompt."""
    return torch.from_numpy(read_array(path, "texts", "codes"))


@dataclass(frozen=True)
class Contexts:
    """The text contexts of P prompts, read from their file as they are needed: it may be 74 GB.

    rows (P,) int64: which of the file's contexts is whose.
    """

    path: Path
    rows: np.ndarray

    def __call__(self, labels: Tensor) -> Tensor:
        """Return the contexts (B, L, D) bfloat16 of prompts (B,) int64, on the labels' device."""
        with open_arrays(self.path, "contexts") as file:
            contexts = file["contexts"]
            bits = np.stack([contexts[row] for row in self.rows[labels.cpu().numpy()]])
        return torch.from_numpy(bits).view(torch.bfloat16).to(labels.device)

    def __len__(self) -> int:
        """P, the number of prompts."""
        return len(self.rows)


def load_contexts(path: Path, spec: GeneratorSpec) -> Contexts:
    """Return contexts for a generator; RdmError for ones of another length or width."""
    if not isinstance(spec, Flux2Spec):
        raise RdmError(f"{path}: contexts for a generator of kind {spec.kind}, allowed: flux2")
    with open_arrays(path, "contexts") as file:
        _, *found = file["contexts"].shape
    for key, size in zip(("context_length", "context_dim"), found, strict=True):
        expected = spec.model_dump()[key]
        if size != expected:
            raise RdmError(
                f"{path}: contexts of {key} {size}, the generator's is {expected}: "
                "training and evaluation must agree"
            )
    return Contexts(path, read_array(path, "contexts", "rows"))


def require_rows(path: Path | str, found: int, rows: Path, expected: int) -> None:
    """Raise RdmError unless a table of prompts has as many rows as what it is aligned to."""
    if found != expected:
        raise RdmError(f"{path}: {found} prompts for the {expected} rows of {rows}")


def load_conditions(
    spec: GeneratorSpec, classes: int, contexts: Path | None, texts: Path | None
) -> Conditions:
    """Return what a generator's samples are conditioned on: prompts where there are contexts.

    Without `texts` nothing of a prompt is coupled. RdmError for texts of other prompts than those
    of the contexts, and where a generator lacks its contexts.
    """
    if contexts is None:
        if isinstance(spec, Flux2Spec):
            raise RdmError("contexts: found none, a generator of kind flux2 needs them")
        return Conditions(class_codes(classes))
    inputs = load_contexts(contexts, spec)
    if texts is None:
        return Conditions(torch.empty(len(inputs), 0), inputs)
    found, expected = (
        read_attrs(path, kind)["prompts"]
        for path, kind in ((texts, "texts"), (contexts, "contexts"))
    )
    if found != expected:
        raise RdmError(f"{texts}: codes of other prompts than {contexts}; make both from one list")
    return Conditions(load_texts(texts), inputs)
