"""Brings released weights here and checks that they are the pinned ones."""

import re
from pathlib import Path

from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import sha256
from rdm_pipeline.params.encoders import HubFile, WebFile

BY_HAND = Path("data/weights")


def weight_file(origin: HubFile | WebFile) -> Path:
    """The file of an origin: the one put here by hand, else downloaded.

    RdmError where it cannot be had, is not pinned (the line says what to write down) or is not
    the pinned one.
    """
    placed = BY_HAND / _name(origin)
    path = placed if placed.exists() else _download(origin, placed)
    found = sha256(path)
    if not _pinned(origin, path == placed):
        raise RdmError(
            f"encoders.weights: {_name(origin)} is not pinned yet; if you trust {path}, write "
            f"down sha256: {found}{_revision(origin, path)}"
        )
    if found != origin.sha256:
        raise RdmError(f"{path}: sha256 is {found}, {_name(origin)} is pinned to {origin.sha256}")
    return path


def _pinned(origin: HubFile | WebFile, by_hand: bool) -> bool:
    revised = by_hand or isinstance(origin, WebFile) or origin.revision is not None
    return revised and origin.sha256 is not None


def _download(origin: HubFile | WebFile, placed: Path) -> Path:
    try:
        return _from_hub(origin) if isinstance(origin, HubFile) else _from_web(origin)
    # a name that is not found, a gated repository, a proxy: each client has errors of its own
    except Exception as error:
        reason = re.split(r"\n|\. ", str(error).strip())[0] or type(error).__name__
        raise RdmError(
            f"encoders.weights: {_whence(origin)} could not be downloaded ({reason}); "
            f"or put it at {placed}"
        ) from None


def _from_hub(origin: HubFile) -> Path:
    import huggingface_hub

    huggingface_hub.logging.set_verbosity_error()  # it reports every retry
    return Path(huggingface_hub.hf_hub_download(origin.repo, origin.file, revision=origin.revision))


def _from_web(origin: WebFile) -> Path:
    import torch

    path = Path(torch.hub.get_dir()) / "checkpoints" / _name(origin)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(origin.url, str(path), progress=False)
    return path


def _name(origin: HubFile | WebFile) -> str:
    if isinstance(origin, HubFile):
        return f"{origin.repo}/{origin.file}"
    return origin.url.rpartition("/")[2]


def _whence(origin: HubFile | WebFile) -> str:
    if isinstance(origin, HubFile):
        return f"{origin.file} of {origin.repo} at {origin.revision or 'its newest revision'}"
    return origin.url


def _revision(origin: HubFile | WebFile, path: Path) -> str:
    """Return the commit that the hub's cache names in the path of a download."""
    if not isinstance(origin, HubFile) or "snapshots" not in path.parts:
        return ""
    return f" and revision: {path.parts[path.parts.index('snapshots') + 1]}"
