"""Published transformers of FLUX.2, in both namings."""

import re

import pytest
import torch

from rdm_pipeline.errors import RdmError
from rdm_pipeline.generators.base import load_generator
from rdm_pipeline.generators.flux2_published import flux2_weights
from tests.generators.flux2 import CHANNELS, SIZE, TINY, inputs, tiny

# What the authors' files call the parts, written down from the names in these.
PARTS = {
    "x_embedder": "img_in",
    "context_embedder": "txt_in",
    "time_guidance_embed.timestep_embedder.linear_1": "time_in.in_layer",
    "time_guidance_embed.timestep_embedder.linear_2": "time_in.out_layer",
    "double_stream_modulation_img.linear": "double_stream_modulation_img.lin",
    "double_stream_modulation_txt.linear": "double_stream_modulation_txt.lin",
    "single_stream_modulation.linear": "single_stream_modulation.lin",
    "proj_out": "final_layer.linear",
}
DOUBLE = {
    "attn.to_out.0.weight": "img_attn.proj.weight",
    "attn.to_add_out.weight": "txt_attn.proj.weight",
    "attn.norm_q.weight": "img_attn.norm.query_norm.scale",
    "attn.norm_k.weight": "img_attn.norm.key_norm.scale",
    "attn.norm_added_q.weight": "txt_attn.norm.query_norm.scale",
    "attn.norm_added_k.weight": "txt_attn.norm.key_norm.scale",
    "ff.linear_in.weight": "img_mlp.0.weight",
    "ff.linear_out.weight": "img_mlp.2.weight",
    "ff_context.linear_in.weight": "txt_mlp.0.weight",
    "ff_context.linear_out.weight": "txt_mlp.2.weight",
}
SINGLE = {
    "attn.to_qkv_mlp_proj.weight": "linear1.weight",
    "attn.to_out.weight": "linear2.weight",
    "attn.norm_q.weight": "norm.query_norm.scale",
    "attn.norm_k.weight": "norm.key_norm.scale",
}


def original_names(model):
    """The transformer's state dict as the authors would have saved it."""
    state, size, named = model.transformer.state_dict(), TINY.transformer, {}
    for theirs, ours in PARTS.items():
        named[f"{ours}.weight"] = state[f"{theirs}.weight"]
    scale, shift = state["norm_out.linear.weight"].chunk(2)
    named["final_layer.adaLN_modulation.1.weight"] = torch.cat([shift, scale])
    for block in range(size.num_layers):
        old, new = f"transformer_blocks.{block}", f"double_blocks.{block}"
        for theirs, ours in DOUBLE.items():
            named[f"{new}.{ours}"] = state[f"{old}.{theirs}"]
        for stream, names in (("img", ("to_q", "to_k", "to_v")), ("txt", ADDED)):
            qkv = [state[f"{old}.attn.{name}.weight"] for name in names]
            named[f"{new}.{stream}_attn.qkv.weight"] = torch.cat(qkv)
    for block in range(size.num_single_layers):
        for theirs, ours in SINGLE.items():
            named[f"single_blocks.{block}.{ours}"] = state[
                f"single_transformer_blocks.{block}.{theirs}"
            ]
    return named


ADDED = ("add_q_proj", "add_k_proj", "add_v_proj")


def loaded(transformer, model):
    weights = flux2_weights(transformer, model.vae.state_dict())
    return load_generator(TINY, 0, CHANNELS, SIZE, weights, "student")


@pytest.mark.parametrize("naming", ["diffusers", "original"])
def test_both_namings_load_strictly_into_the_same_generator(naming):
    model, (noise, contexts) = tiny(), inputs()
    named = original_names(model) if naming == "original" else model.transformer.state_dict()
    again = loaded(named, model)
    for name, tensor in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor), name
    with torch.no_grad():
        assert torch.equal(again(noise, contexts), model(noise, contexts))


@pytest.mark.parametrize(
    ("naming", "key", "told"),
    [
        ("diffusers", "transformer_blocks.0.attn.to_r.weight", "to_r.weight: found (1,)"),
        ("original", "double_blocks.0.img_attn.bogus.weight", "the layer img_attn.bogus"),
        ("original", "double_blocks.0.bogus", "double_blocks.0.bogus: found (1,)"),
        ("original", "bogus.weight", "transformer.bogus.weight: found (1,)"),
    ],
)
def test_a_key_too_many_is_named(naming, key, told):
    model = tiny()
    named = original_names(model) if naming == "original" else model.transformer.state_dict()
    with pytest.raises(RdmError, match=re.escape(told)):
        loaded({**named, key: torch.zeros(1)}, model)


@pytest.mark.parametrize("naming", ["diffusers", "original"])
def test_a_key_that_is_missing_is_named(naming):
    model = tiny()
    named = dict(original_names(model) if naming == "original" else model.transformer.state_dict())
    missing = next(key for key in named if "block" in key and "proj" in key)
    del named[missing]
    with pytest.raises(RdmError, match=r"transformer_blocks\.0\.\S+: found none"):
        loaded(named, model)


def test_a_key_missing_from_the_vae_is_named():
    model = tiny()
    vae = dict(model.vae.state_dict())
    del vae["bn.running_mean"]
    weights = flux2_weights(model.transformer.state_dict(), vae)
    with pytest.raises(RdmError, match=r"vae\.bn\.running_mean: found none"):
        load_generator(TINY, 0, CHANNELS, SIZE, weights, "student")
