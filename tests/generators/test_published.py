import re
from collections.abc import Callable

import pytest
import torch

from rdm_pipeline.artifacts import write_tensors
from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import sha256
from rdm_pipeline.generators.base import load_generator
from rdm_pipeline.generators.published import published_names, read_checkpoint
from tests.generators.plain_pmf import CHANNELS, CLASSES, SIZE, TINY, tiny

Weights = dict[str, torch.Tensor]


def load(weights: Weights) -> torch.nn.Module:
    return load_generator(TINY, CLASSES, CHANNELS, SIZE, published_names(weights), "start.pth")


# --- names --------------------------------------------------------------------------------------


def flax_linear(weights: Weights) -> Weights:
    return {name.replace(".linear.", "._flax_linear."): w for name, w in weights.items()}


def flax_embedding(weights: Weights) -> Weights:
    return {name.replace(".embedding.", "._flax_embedding."): w for name, w in weights.items()}


def leading_axis(weights: Weights) -> Weights:
    return {n: w[None] if n.endswith("_tokens") else w for n, w in weights.items()}


def rope_freqs(weights: Weights) -> Weights:
    buffers = {f"net.{place}rope_freqs": torch.ones(3) for place in ("", "u_heads.0.attn.")}
    return {**weights, **buffers}


def v_head(weights: Weights) -> Weights:
    heads = {n.replace(".u_heads.", ".v_heads."): w for n, w in weights.items() if "u_heads" in n}
    final = {"net.v_final_layer.linear.linear.bias": torch.ones(3)}
    return {**weights, **heads, **final}


def all_at_once(weights: Weights) -> Weights:
    return v_head(rope_freqs(leading_axis(flax_embedding(flax_linear(weights)))))


@pytest.mark.parametrize(
    "variant",
    [dict, flax_linear, flax_embedding, leading_axis, rope_freqs, v_head, all_at_once],
)
def test_every_published_spelling_loads_as_the_same_network(variant: Callable):
    weights = tiny().state_dict()
    theirs = variant(weights)
    assert variant is dict or theirs.keys() != weights.keys() or variant is leading_axis
    loaded = load(theirs).state_dict()
    assert all(torch.equal(loaded[name], weights[name]) for name in weights)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("net.t_embedder.mlp.0.linear.weight", r"found \(2,\), expected none"),
        ("ema.class_tokens", r"ema.class_tokens: found \(2,\), expected none"),
        ("net.final_layer.norm.weight", r"found \(2,\), expected none"),
    ],
)
def test_anything_else_unexpected_is_refused_by_its_key(name, message):
    with pytest.raises(RdmError, match=message) as caught:
        load({**tiny().state_dict(), name: torch.ones(2)})
    assert str(caught.value).startswith(f"start.pth: weights of another architecture ({name}: ")


def test_a_missing_key_is_refused_by_its_name():
    weights = tiny().state_dict()
    del weights["net.omega_tokens"]
    with pytest.raises(RdmError, match=r"net.omega_tokens: found none, expected \(4,16\)"):
        load(weights)


def test_a_table_with_another_leading_axis_is_not_cut():
    weights = tiny().state_dict()
    weights["net.omega_tokens"] = weights["net.omega_tokens"].expand(2, -1, -1)
    with pytest.raises(RdmError, match=r"net.omega_tokens: found \(2,4,16\), expected \(4,16\)"):
        load(weights)


def test_one_tensor_under_two_spellings_is_refused():
    weights = tiny().state_dict()
    with pytest.raises(RdmError, match=r"linear\.weight twice, under two spellings"):
        published_names({**weights, **flax_linear(weights)})


# --- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["model", "plain", "safetensors"])
def test_a_checkpoint_is_a_torch_file_with_or_without_model_or_safetensors(tmp_path, kind):
    weights = tiny().state_dict()
    path = tmp_path / ("x.safetensors" if kind == "safetensors" else "x.pth")
    if kind == "safetensors":
        write_tensors(path, weights, {})
    else:
        torch.save({"model": weights} if kind == "model" else weights, path)
    found = read_checkpoint(path, sha256(path))
    assert found.keys() == weights.keys()
    assert all(torch.equal(found[name], weights[name]) for name in weights)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RdmError, match=r"x\.pth: not there; download the checkpoint"):
        read_checkpoint(tmp_path / "x.pth", "0" * 64)


def test_a_file_with_another_hash_is_not_read_and_both_hashes_are_told(tmp_path):
    path = tmp_path / "x.pth"
    path.write_bytes(b"half a downl")
    with pytest.raises(RdmError, match=f"found {sha256(path)}, allowed: {'0' * 64}"):
        read_checkpoint(path, "0" * 64)


def test_without_a_hash_the_file_is_not_read_and_its_hash_is_told(tmp_path):
    path = tmp_path / "x.pth"
    torch.save({"a": torch.ones(2)}, path)
    with pytest.raises(RdmError, match=f"sha256 is not in the parameters.* has {sha256(path)}"):
        read_checkpoint(path, None)


class Payload:
    """What a pickle must not be able to bring in."""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>", "no torch file of tensors alone"),
        ({"model": Payload()}, "no torch file of tensors alone"),
        ([torch.ones(1)], "found list, allowed: a state dict"),
        ({"model": {"a": torch.ones(1), "step": 3}}, "found step that are no tensors, allowed"),
        ({"state_dict": {"a": torch.ones(1)}}, "found state_dict that are no tensors, allowed"),
    ],
)
def test_what_holds_no_state_dict_is_one_line(tmp_path, content, message):
    path = tmp_path / "x.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(RdmError, match=message) as caught:
        read_checkpoint(path, sha256(path))
    assert "\n" not in str(caught.value) and re.match(rf"{path}: ", str(caught.value))
