"""Pixel MeanFlow (pMF): a transformer over patches that makes an image in one step or a few.

The architecture is that of the published checkpoints of FD-Loss (arXiv 2604.28190).
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from rdm_pipeline.errors import RdmError
from rdm_pipeline.generators.pmf_layers import (
    Block,
    ClassEmbedding,
    FinalLayer,
    PatchEmbedding,
    Rotation,
    ScalarEmbedding,
    rotary_angles,
)
from rdm_pipeline.params.generators import PmfSpec

CLASS_TOKENS, OMEGA_TOKENS, INTERVAL_TOKENS, TIME_TOKENS = 8, 4, 2, 4
PREFIX = CLASS_TOKENS + OMEGA_TOKENS + 2 * INTERVAL_TOKENS + TIME_TOKENS
SMALLEST_TIME = 0.05
INITIAL_STD = 0.02  # of tokens and positions, where no checkpoint gives them


class Pmf(nn.Module):
    """The one-step generator: noise (B,C,S,S) and labels (B,) int64 to images in [0,1].

    Noise is standard normal; it is scaled here and nowhere else, so that training and sampling
    alike see `noise_scale`. Raises RdmError for an image size that patches do not fill.
    """

    def __init__(self, spec: PmfSpec, classes: int, channels: int, image_size: int) -> None:
        """Build the network with random weights."""
        super().__init__()
        if image_size % spec.patch:
            raise RdmError(
                f"generator.patch: found {spec.patch}, allowed: a divisor of the dataset's image "
                f"size {image_size}"
            )
        self.spec = spec
        self.noise_shape: tuple[int, ...] = (channels, image_size, image_size)
        self.net = Denoiser(spec, classes, channels, image_size)

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Follow the mean velocity from t = 1 to 0; return images (B,C,S,S) in [0,1]."""
        # float32 whatever the network computes in: below, x cancels but for the prediction
        x = self.spec.noise_scale * noise.float()
        times = [1 - k / self.spec.steps for k in range(self.spec.steps + 1)]
        for now, later in pairwise(times):
            x = x - (now - later) * self.velocity(x, now, now - later, labels)
        return (x / 2 + 0.5).clamp(0, 1)

    def velocity(self, x: Tensor, time: float, step: float, labels: Tensor) -> Tensor:
        """Return u (B,C,S,S), the mean velocity over `step` at `time`, from the predicted image."""
        start, end = self.spec.interval
        dtype = next(self.net.parameters()).dtype
        clean = self.net(x.to(dtype), step, self.spec.cfg, start, end, labels).to(x.dtype)
        return (x - clean) / max(time, SMALLEST_TIME)


class Denoiser(nn.Module):
    """The transformer: noisy images and guidance to the clean images that it expects, in [-1,1]."""

    def __init__(self, spec: PmfSpec, classes: int, channels: int, image_size: int) -> None:
        """Build the layers with random weights."""
        super().__init__()
        size, width = spec.size, spec.size.width
        self.side = image_size // spec.patch
        self.head_width = width // size.attention_heads
        self.gradient_checkpointing = spec.gradient_checkpointing
        self.class_tokens = _normal(CLASS_TOKENS, width)
        self.omega_tokens = _normal(OMEGA_TOKENS, width)
        self.t_min_tokens = _normal(INTERVAL_TOKENS, width)
        self.t_max_tokens = _normal(INTERVAL_TOKENS, width)
        self.time_tokens = _normal(TIME_TOKENS, width)
        self.pos_embed = _normal(1, PREFIX + self.side**2, width)
        self.x_embedder = PatchEmbedding(channels, spec.patch, size.bottleneck, width)
        self.y_embedder = ClassEmbedding(classes, width)
        self.h_embedder = ScalarEmbedding(width)
        self.omega_embedder = ScalarEmbedding(width)
        self.cfg_t_start_embedder = ScalarEmbedding(width)
        self.cfg_t_end_embedder = ScalarEmbedding(width)
        self.shared_blocks = _blocks(size.shared_blocks, width, size.attention_heads)
        self.u_heads = _blocks(size.u_heads, width, size.attention_heads)
        self.u_final_layer = FinalLayer(width, spec.patch, channels)

    def forward(
        self, x: Tensor, h: float, omega: float, t_min: float, t_max: float, labels: Tensor
    ) -> Tensor:
        """Return predicted images (B,C,S,S); conditioned on the step h, not on the time."""
        prefix = self._prefix(h, omega, t_min, t_max, labels)
        tokens = torch.cat([prefix, self.x_embedder(x)], dim=1) + self.pos_embed
        rotation = rotary_angles(self.side, self.head_width, PREFIX, x.device)
        for block in (*self.shared_blocks, *self.u_heads):
            tokens = self._through(block, tokens, rotation)
        return self.u_final_layer(tokens[:, PREFIX:])

    def _prefix(self, h: float, omega: float, t_min: float, t_max: float, labels: Tensor) -> Tensor:
        """Return the condition and the guidance as tokens (B, 20, width)."""

        def embedded(embedder: nn.Module, value: float) -> Tensor:
            return embedder(torch.full((1,), value, device=labels.device))

        guidance = [
            self.omega_tokens + embedded(self.omega_embedder, 1 - 1 / omega),
            self.t_min_tokens + embedded(self.cfg_t_start_embedder, t_min),
            self.t_max_tokens + embedded(self.cfg_t_end_embedder, t_max),
            self.time_tokens + embedded(self.h_embedder, h),
        ]
        classes = self.class_tokens + self.y_embedder(labels)[:, None]
        return torch.cat([classes, torch.cat(guidance).expand(len(labels), -1, -1)], dim=1)

    def _through(self, block: nn.Module, tokens: Tensor, rotation: Rotation) -> Tensor:
        if self.gradient_checkpointing and torch.is_grad_enabled():
            return checkpoint(block, tokens, rotation, use_reentrant=False)
        return block(tokens, rotation)


def _blocks(count: int, width: int, heads: int) -> nn.ModuleList:
    return nn.ModuleList(Block(width, heads) for _ in range(count))


def _normal(*shape: int) -> nn.Parameter:
    return nn.Parameter(INITIAL_STD * torch.randn(shape))
