"""Layers of the pixel MeanFlow transformer, under the keys that the published files store."""

import torch
from torch import Tensor, nn
from torch.nn import functional

FREQUENCIES = 128  # of a scalar's embedding: as many cosines, then as many sines
ROUNDED_ABOVE = 1024  # the width up to which SwiGLU's hidden size is not rounded
EPSILON = 1e-6

Rotation = tuple[Tensor, Tensor]


class Linear(nn.Module):
    """A linear map whose tensors are stored one level down, under `linear`."""

    def __init__(self, inputs: int, outputs: int, bias: bool = False) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """(..., inputs) -> (..., outputs)."""
        return self.linear(x)


class RmsNorm(nn.Module):
    """x / sqrt(mean(x^2) + 1e-6) * weight over the last axis, computed in float32."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """(..., width) -> (..., width) of the same dtype."""
        weight = self.weight.float()
        return functional.rms_norm(x.float(), weight.shape, weight, EPSILON).to(x.dtype)


class ScalarEmbedding(nn.Module):
    """A number as cosines and sines at 128 frequencies (float32), then Linear, SiLU, Linear."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            Linear(2 * FREQUENCIES, width, bias=True),
            nn.SiLU(),
            Linear(width, width, bias=True),
        )

    def forward(self, value: Tensor) -> Tensor:
        """(n,) float32 -> (n, width) of the weights' dtype."""
        steps = torch.arange(FREQUENCIES, device=value.device) / FREQUENCIES
        angles = value[:, None] * 10000**-steps
        features = torch.cat([angles.cos(), angles.sin()], dim=1)
        return self.mlp(features.to(next(self.parameters()).dtype))


class ClassEmbedding(nn.Module):
    """A row per class, and a last one for no class, which sampling never takes."""

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.embedding_table = nn.ModuleDict({"embedding": nn.Embedding(classes + 1, width)})

    def forward(self, labels: Tensor) -> Tensor:
        """(B,) int64 -> (B, width)."""
        return self.embedding_table["embedding"](labels)


class PatchEmbedding(nn.Module):
    """Patches through a narrow bottleneck to tokens, row by row."""

    def __init__(self, channels: int, patch: int, bottleneck: int, width: int) -> None:
        super().__init__()
        self.proj1 = nn.Conv2d(channels, bottleneck, patch, stride=patch)
        self.proj2 = nn.Conv2d(bottleneck, width, 1)

    def forward(self, images: Tensor) -> Tensor:
        """(B,C,S,S) -> (B, patches, width)."""
        return self.proj2(self.proj1(images)).flatten(2).transpose(1, 2)


class Attention(nn.Module):
    """Self-attention with RMSNorm and then rotary position on each head's queries and keys.

    `scaled_dot_product_attention` divides by sqrt(head width) and takes the softmax in float32,
    also of narrower inputs: it equals the plain formula to the rounding of the input's dtype.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj = Linear(width, width), Linear(width, width)
        self.v_proj, self.out_proj = Linear(width, width), Linear(width, width)
        self.q_norm, self.k_norm = RmsNorm(width // heads), RmsNorm(width // heads)

    def forward(self, x: Tensor, rotation: Rotation) -> Tensor:
        """(B, N, width) and a rotation of N tokens -> (B, N, width)."""
        queries = rotate(self.q_norm(self._split(self.q_proj(x))), rotation)
        keys = rotate(self.k_norm(self._split(self.k_proj(x))), rotation)
        values = self._split(self.v_proj(x))
        mixed = functional.scaled_dot_product_attention(queries, keys, values)
        return self.out_proj(mixed.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        """(B, N, width) -> (B, heads, N, head width)."""
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)


class SwiGlu(nn.Module):
    """w2(silu(w1 x) * w3 x) without biases (Shazeer 2020)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        hidden = swiglu_width(width)
        self.w1, self.w3 = Linear(width, hidden), Linear(width, hidden)
        self.w2 = Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """(..., width) -> (..., width)."""
        return self.w2(functional.silu(self.w1(x)) * self.w3(x))


class Block(nn.Module):
    """Attention, then SwiGLU, each normalised before and scaled by a vector after."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = RmsNorm(width), RmsNorm(width)
        self.attn, self.mlp = Attention(width, heads), SwiGlu(width)
        self.attn_scale = nn.Parameter(torch.ones(width))
        self.mlp_scale = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor, rotation: Rotation) -> Tensor:
        """(B, N, width) -> (B, N, width)."""
        x = x + self.attn_scale * self.attn(self.norm1(x), rotation)
        return x + self.mlp_scale * self.mlp(self.norm2(x))


class FinalLayer(nn.Module):
    """Tokens back to an image: RMSNorm, Linear to a patch in (row, column, channel) order."""

    def __init__(self, width: int, patch: int, channels: int) -> None:
        super().__init__()
        self.patch, self.channels = patch, channels
        self.norm = RmsNorm(width)
        self.linear = Linear(width, patch * patch * channels, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        """(B, side^2, width) -> (B, C, side * patch, side * patch)."""
        side = round(x.shape[1] ** 0.5)
        patches = self.linear(self.norm(x))
        tiles = patches.view(-1, side, side, self.patch, self.patch, self.channels)
        return tiles.permute(0, 5, 1, 3, 2, 4).flatten(4).flatten(2, 3)


def swiglu_width(width: int) -> int:
    """Return the hidden size for a width: 8/3 of it, above 1024 rounded up to a multiple of 8."""
    hidden = 8 * width // 3
    return hidden if width <= ROUNDED_ABOVE else -(-hidden // 8) * 8


def rotary_angles(side: int, head_width: int, prefix: int, device: torch.device) -> Rotation:
    """Return cosines and sines (prefix + side^2, head width / 2), float32, of each token's angles.

    A patch's angles are row * f, then column * f, f_i = 10000^(-4i / head width); those of the
    prefix tokens are zero, so that they are not rotated (Su et al. 2021, in two dimensions).
    """
    quarter = head_width // 4
    frequencies = 10000 ** -(torch.arange(quarter, device=device) / quarter)
    along = torch.arange(side, device=device)[:, None] * frequencies
    rows = along[:, None].expand(side, side, quarter)
    columns = along[None].expand(side, side, quarter)
    angles = torch.cat([rows, columns], dim=2).flatten(0, 1)
    angles = functional.pad(angles, (0, 0, prefix, 0))
    return angles.cos(), angles.sin()


def rotate(x: Tensor, rotation: Rotation) -> Tensor:
    """Rotate the pairs of channels (2j, 2j+1) of x (..., N, head width) by each token's angle j."""
    cosines, sines = rotation
    a, b = x.unflatten(-1, (-1, 2)).unbind(-1)
    pairs = torch.stack([a * cosines - b * sines, a * sines + b * cosines], dim=-1)
    return pairs.flatten(-2).to(x.dtype)
