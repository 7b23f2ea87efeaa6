"""Weights that were trained elsewhere: read from a file and called by this package's names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rdm_pipeline.artifacts import read_tensors
from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import sha256

# How files that were converted from Flax call what a torch module calls otherwise.
SPELLINGS = {"._flax_linear.": ".linear.", "._flax_embedding.": ".embedding."}
# A table of positions that is computed here, and the head for the instantaneous velocity.
UNUSED_BUFFERS = ("rope_freqs",)
UNUSED_HEADS = ("net.v_heads.", "net.v_final_layer.")


def read_checkpoint(path: Path, expected: str | None) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file, or of a torch file as they are or under `model`.

    Raises RdmError for a file that is not there, has another SHA-256 than `expected` or holds
    something else.
    """
    if not path.is_file():
        raise RdmError(f"{path}: not there; download the checkpoint or name its place")
    found = sha256(path)
    if expected is None:
        raise RdmError(f"{path}: its sha256 is not in the parameters; the file has {found}")
    if found != expected:
        raise RdmError(f"{path}: sha256: found {found}, allowed: {expected}")
    if path.suffix == ".safetensors":
        return read_tensors(path)[0]
    return _state_dict(path, _load(path))


def published_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a pMF state dict by the names of `Pmf`, without what it has no use for.

    Token tables lose a leading axis of 1. Raises RdmError where two keys are the same one.
    """
    renamed: dict[str, Tensor] = {}
    for key, tensor in weights.items():
        if key.endswith(UNUSED_BUFFERS) or key.startswith(UNUSED_HEADS):
            continue
        name = _spelled(key)
        if name in renamed:
            raise RdmError(f"checkpoint: found {name} twice, under two spellings")
        is_table = name.endswith("_tokens") and tensor.ndim == 3 and len(tensor) == 1
        renamed[name] = tensor[0] if is_table else tensor
    return renamed


def _spelled(key: str) -> str:
    for theirs, ours in SPELLINGS.items():
        key = key.replace(theirs, ours)
    return key


def _load(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises what its reader of pickles and of archives does
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "empty"
        raise RdmError(f"{path}: no torch file of tensors alone ({reason})") from None


def _state_dict(path: Path, loaded: Any) -> dict[str, Tensor]:
    held = loaded.get("model", loaded) if isinstance(loaded, dict) else loaded
    if not isinstance(held, dict):
        raise RdmError(f"{path}: found {type(held).__name__}, allowed: a state dict")
    others = [str(key) for key, value in held.items() if not isinstance(value, Tensor)]
    if others:
        raise RdmError(
            f"{path}: found {', '.join(others[:3])} that are no tensors, allowed: a state dict, "
            "or one under the key model"
        )
    return held
