"""timm's image models: most of the panel, and RADIO."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rdm_pipeline.artifacts import read_tensors
from rdm_pipeline.encoders.released import Normalise, fitting, require_pool
from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.encoders import Network
from rdm_pipeline.torchvision_shim import declare_missing_operators

SUMMARY = "radio_model.summary_idxs"  # by its name in NVIDIA's file


class TimmEncoder(nn.Module):
    """A timm model without its classifier, read out as `network.pool` says."""

    def __init__(self, network: Network, channels: int) -> None:
        """Build the model that `network.source` names, for its resolution, at random weights."""
        super().__init__()
        self.model = _create(network, num_classes=0)
        self.pool = network.pool
        attends = getattr(self.model, "attn_pool", None) is not None
        require_pool(network, "avg", "cls", *(["attn"] if attends else []))
        self.normalise = _normalise(self.model)

    def forward(self, images: Tensor) -> Tensor:
        """(B,1 or 3,res,res) images in [0,1] -> (B,dim) features."""
        tokens = self.model.forward_features(self.normalise(images))
        if self.pool == "attn":
            features: Tensor = self.model.forward_head(tokens, pre_logits=True)
            return features
        if tokens.ndim == 4:  # (B,dim,h,w), of a convolutional model
            return tokens.mean((2, 3))
        return tokens[:, 0] if self.pool == "cls" else self._patches(tokens).mean(1)

    def _patches(self, tokens: Tensor) -> Tensor:
        return tokens[:, self.model.num_prefix_tokens :]

    @classmethod
    def released(cls, network: Network, files: list[Path]) -> dict[str, Tensor]:
        """The state dict of the released model in `files`, position embedding as wide as asked."""
        return {f"model.{name}": tensor for name, tensor in _state(network, files).items()}


class Radio(nn.Module):
    """C-RADIO: the class tokens of the teachers that have a summary, one after the other.

    summary: (S,) int64, the positions of those tokens, as the release lists them.
    """

    summary: Tensor

    def __init__(self, network: Network, channels: int) -> None:
        """Build the model that `network.source` names, for its resolution, at random weights."""
        super().__init__()
        self.model = _create(network, num_classes=0)
        require_pool(network, "summary")
        self.normalise = _normalise(self.model)
        self.register_buffer("summary", torch.arange(network.dim // self.model.num_features))

    def forward(self, images: Tensor) -> Tensor:
        """(B,1 or 3,res,res) images in [0,1] -> (B, S * width) features."""
        tokens: Tensor = self.model.forward_features(self.normalise(images))
        return tokens[:, self.summary].flatten(1)

    @classmethod
    def released(cls, network: Network, files: list[Path]) -> dict[str, Tensor]:
        """The state dict of NVIDIA's file, whose names timm translates."""
        tensors, _ = read_tensors(files[0])
        if SUMMARY not in tensors:
            raise RdmError(f"{files[0]}: {SUMMARY} is missing; this is not NVIDIA's file")
        state = {f"model.{name}": tensor for name, tensor in _state(network, files).items()}
        return {**state, "summary": tensors[SUMMARY]}


def _state(network: Network, files: list[Path]) -> dict[str, Tensor]:
    """Load a file strictly, classifier included, then drop the classifier."""
    if len(files) != 1:
        raise RdmError(f"encoders.weights: found {len(files)} files, {network.source} takes 1")
    released = {"pretrained": True, "pretrained_cfg_overlay": {"file": str(files[0])}}
    with fitting(files[0], network):
        model = _create(network, **released)
    model.reset_classifier(0)
    return dict(model.state_dict())


def _create(network: Network, **arguments: Any) -> Any:
    declare_missing_operators()
    import timm

    if not timm.is_model(network.source):
        raise RdmError(f"encoders.source: found {network.source!r}, timm has no such model")
    if timm.get_pretrained_cfg(network.source).fixed_input_size:
        arguments["img_size"] = network.resolution
    return timm.create_model(network.source, **arguments, **network.options)


def _normalise(model: Any) -> Normalise:
    return Normalise(model.pretrained_cfg["mean"], model.pretrained_cfg["std"])
