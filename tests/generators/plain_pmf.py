"""Pixel MeanFlow once more, as slow formulas on float64 arrays and a state dict."""

import numpy as np
import torch

from rdm_pipeline.generators.base import build_generator
from rdm_pipeline.generators.pmf import Pmf
from rdm_pipeline.params.generators import PmfSize, PmfSpec

TINY = PmfSpec(
    kind="pmf",
    size=PmfSize(shared_blocks=2, u_heads=1, width=16, attention_heads=2, bottleneck=6),
    patch=4,
    cfg=7.0,
    interval=[0.2, 0.6],
    noise_scale=2.0,
    steps=1,
    gradient_checkpointing=False,
)
CLASSES, CHANNELS, SIZE = 5, 3, 12


def tiny(spec: PmfSpec = TINY, channels: int = CHANNELS, size: int = SIZE) -> Pmf:
    """A network whose every tensor is random: no norm or scale of ones hides a fault.

    Scalars are embedded large enough for a swap of two of them to be seen.
    """
    model = build_generator(spec, CLASSES, channels, size, seed=0)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            scale = 1.5 if "embedder.mlp" in name else 0.5
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
    return model


def arrays(model: torch.nn.Module) -> dict[str, np.ndarray]:
    return {name: value.double().numpy() for name, value in model.state_dict().items()}


def rms_norm(x, weight):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6) * weight


def silu(x):
    return x / (1 + np.exp(-x))


def linear(weights, name, x):
    y = x @ weights[f"{name}.linear.weight"].T
    return y + weights[f"{name}.linear.bias"] if f"{name}.linear.bias" in weights else y


def swiglu(weights, name, x):
    gate, value = linear(weights, f"{name}.w1", x), linear(weights, f"{name}.w3", x)
    return linear(weights, f"{name}.w2", silu(gate) * value)


def scalar_embedding(weights, name, value):
    angles = [value * 10000 ** (-i / 128) for i in range(128)]
    features = np.array([np.cos(a) for a in angles] + [np.sin(a) for a in angles])
    return linear(weights, f"{name}.mlp.2", silu(linear(weights, f"{name}.mlp.0", features)))


def rotate_patch(vector, row, column):
    """One head's channels of the patch at (row, column)."""
    d = len(vector)
    frequencies = [10000 ** (-2 * i / (d / 2)) for i in range(d // 4)]
    angles = [row * f for f in frequencies] + [column * f for f in frequencies]
    rotated = np.empty(d)
    for j, angle in enumerate(angles):
        a, b = vector[2 * j], vector[2 * j + 1]
        rotated[2 * j] = a * np.cos(angle) - b * np.sin(angle)
        rotated[2 * j + 1] = a * np.sin(angle) + b * np.cos(angle)
    return rotated


def attention(weights, name, x, heads, prefix, side):
    """x (N, width) of one image."""
    q, k, v = (linear(weights, f"{name}.{part}_proj", x) for part in "qkv")
    d = x.shape[1] // heads
    outputs = []
    for head in range(heads):
        channels = slice(head * d, (head + 1) * d)
        queries = rms_norm(q[:, channels], weights[f"{name}.q_norm.weight"])
        keys = rms_norm(k[:, channels], weights[f"{name}.k_norm.weight"])
        for patch in range(side * side):
            for vectors in (queries, keys):
                vectors[prefix + patch] = rotate_patch(
                    vectors[prefix + patch], patch // side, patch % side
                )
        logits = queries @ keys.T / np.sqrt(d)
        shares = np.exp(logits - logits.max(1, keepdims=True))
        outputs.append(shares / shares.sum(1, keepdims=True) @ v[:, channels])
    return linear(weights, f"{name}.out_proj", np.concatenate(outputs, axis=1))


def denoise(weights, spec, x, h, omega, t_min, t_max, label):
    """The network on one image x (C, S, S); weights by the names of the published files."""
    w = {name.removeprefix("net."): value for name, value in weights.items()}
    p, channels, side = spec.patch, x.shape[0], x.shape[1] // spec.patch
    tokens = [
        w["class_tokens"] + w["y_embedder.embedding_table.embedding.weight"][label],
        w["omega_tokens"] + scalar_embedding(w, "omega_embedder", 1 - 1 / omega),
        w["t_min_tokens"] + scalar_embedding(w, "cfg_t_start_embedder", t_min),
        w["t_max_tokens"] + scalar_embedding(w, "cfg_t_end_embedder", t_max),
        w["time_tokens"] + scalar_embedding(w, "h_embedder", h),
    ]
    for row in range(side):
        for column in range(side):
            pixels = x[:, row * p : (row + 1) * p, column * p : (column + 1) * p]
            narrow = (w["x_embedder.proj1.weight"] * pixels).sum((1, 2, 3))
            narrow = narrow + w["x_embedder.proj1.bias"]
            wide = w["x_embedder.proj2.weight"][:, :, 0, 0] @ narrow + w["x_embedder.proj2.bias"]
            tokens.append(wide[None])
    hidden = np.concatenate(tokens) + w["pos_embed"][0]
    names = [f"shared_blocks.{i}" for i in range(spec.size.shared_blocks)]
    names += [f"u_heads.{i}" for i in range(spec.size.u_heads)]
    for name in names:
        normed = rms_norm(hidden, w[f"{name}.norm1.weight"])
        mixed = attention(w, f"{name}.attn", normed, spec.size.attention_heads, 20, side)
        hidden = hidden + w[f"{name}.attn_scale"] * mixed
        normed = rms_norm(hidden, w[f"{name}.norm2.weight"])
        hidden = hidden + w[f"{name}.mlp_scale"] * swiglu(w, f"{name}.mlp", normed)
    image = np.empty_like(x)
    for patch, token in enumerate(hidden[20:]):
        values = linear(w, "u_final_layer.linear", rms_norm(token, w["u_final_layer.norm.weight"]))
        row, column = patch // side * p, patch % side * p
        for channel in range(channels):
            image[channel, row : row + p, column : column + p] = values.reshape(p, p, channels)[
                :, :, channel
            ]
    return image
