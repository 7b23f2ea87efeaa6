"""From the files that were released, in their own names and shapes, to the frozen encoder."""

import shutil
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from rdm_pipeline.artifacts import write_tensors
from rdm_pipeline.encoders.battery import build_encoder, build_network, released_weights
from rdm_pipeline.errors import RdmError
from rdm_pipeline.packages import paper_package
from rdm_pipeline.params.encoders import Network
from tests.encoders.released import lively, small_network, some_images


def written(path: Path, tensors: dict[str, torch.Tensor]) -> list[Path]:
    write_tensors(path, tensors, {})
    return [path]


def features(network: Network, files: list[Path]) -> torch.Tensor:
    encoder = build_encoder(network, 3, 64, released_weights(network, files))
    with torch.no_grad():
        return encoder(some_images())


def random_state(network: Network) -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    return lively(build_network(network, 3).state_dict(), network.family)


def without(prefix: str, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in state.items()}


@pytest.mark.parametrize(
    "name, classifier, classes",
    [("clip", "head", 768), ("convnext", "head.fc", 1000), ("pe_core_l", "head", 1024)],
)
def test_a_file_of_timm_is_loaded_without_its_classifier(name, classifier, classes, tmp_path):
    network = small_network(name)
    state = random_state(network)
    file = without("model.", state)
    file[f"{classifier}.weight"] = torch.randn(classes, network.dim)
    file[f"{classifier}.bias"] = torch.randn(classes)
    files = written(tmp_path / "model.safetensors", file)
    with torch.no_grad():
        expected = build_encoder(network, 3, 64, state)(some_images())
    torch.testing.assert_close(features(network, files), expected)


def test_the_position_embedding_is_resized_to_the_resolution_of_the_panel(tmp_path):
    state = random_state(small_network("siglip2", resolution=256))
    files = written(tmp_path / "model.safetensors", without("model.", state))
    assert state["model.pos_embed"].shape == (1, 16**2, 32)
    weights = released_weights(small_network("siglip2"), files)
    assert weights["model.pos_embed"].shape == (1, 14**2, 32)
    corners = (weights["model.pos_embed"][0, [0, -1]], state["model.pos_embed"][0, [0, -1]])
    assert torch.nn.functional.cosine_similarity(*corners).min() > 0.9


@pytest.mark.parametrize(
    "change, complaint",
    [
        (lambda s: s.pop("norm.bias"), r"does not fit vit_large_patch16_224.mae: .*norm.bias"),
        (lambda s: s.update(tail=torch.zeros(2)), "does not fit .*tail"),
        (lambda s: s.update({"norm.bias": torch.zeros(7)}), "does not fit .*norm.bias"),
    ],
)
def test_a_file_of_timm_that_lacks_or_adds_a_tensor_is_refused(change, complaint, tmp_path):
    network = small_network("mae")
    file = without("model.", random_state(network))
    change(file)
    with pytest.raises(RdmError, match=complaint):
        released_weights(network, written(tmp_path / "model.safetensors", file))


def radio_file(state: dict[str, torch.Tensor], summary: list[int]) -> dict[str, torch.Tensor]:
    """A RADIO as NVIDIA names its tensors."""
    plain = without("model.", state)
    embedder = plain.pop("patch_embed.proj.weight").flatten(1)
    plain.pop("patch_embed.proj.bias")
    tokens = torch.cat([plain.pop("cls_token"), plain.pop("reg_token")], 1)[0]
    generator = "radio_model.model.patch_generator."
    return {
        f"{generator}embedder.weight": embedder,
        f"{generator}pos_embed": plain.pop("pos_embed"),
        f"{generator}cls_token.token": tokens,
        "radio_model.input_conditioner.norm_mean": torch.zeros(3, 1, 1),
        "radio_model.summary_idxs": torch.tensor(summary),
        **{
            f"radio_model.model.{name.replace('.gamma', '.grandma')}": tensor
            for name, tensor in plain.items()
            if name.startswith("blocks.")
        },
    }


def test_a_file_of_radio_brings_the_positions_of_its_summary_tokens(tmp_path):
    network = small_network("cradiov3_l")
    state = {**random_state(network), "summary": torch.tensor([0, 1, 3])}
    state["model.patch_embed.proj.bias"] = torch.zeros(32)  # NVIDIA's has none
    files = written(tmp_path / "model.safetensors", radio_file(state, [0, 1, 3]))
    with torch.no_grad():
        expected = build_encoder(network, 3, 64, state)(some_images())
    torch.testing.assert_close(features(network, files), expected)
    two = written(tmp_path / "two.safetensors", radio_file(state, [0, 1]))
    with pytest.raises(RdmError, match="of another shape: summary"):
        released_weights(network, two)
    other = written(tmp_path / "other.safetensors", without("model.", state))
    with pytest.raises(RdmError, match="summary_idxs is missing; this is not NVIDIA's file"):
        released_weights(network, other)


def test_the_token_of_masked_training_is_left_out_of_web_ssl(tmp_path):
    network = small_network("webssl_dino_1b")
    state = random_state(network)
    file = {**without("model.", state), "embeddings.mask_token": torch.zeros(1, 32)}
    half = dict(list(file.items())[:9])
    rest = {name: tensor for name, tensor in file.items() if name not in half}
    parts = written(tmp_path / "a.safetensors", half) + written(tmp_path / "b.safetensors", rest)
    with torch.no_grad():
        expected = build_encoder(network, 3, 64, state)(some_images())
    torch.testing.assert_close(features(network, parts), expected)
    with pytest.raises(RdmError, match=r"weights do not fit .*: missing: "):
        released_weights(network, parts[:1])


def test_the_decoder_of_the_autoencoder_is_left_out(tmp_path):
    network = small_network("flux_vae")
    state = random_state(network)
    file = {**without("vae.", state), "decoder.conv_in.weight": torch.zeros(4, 16, 3, 3)}
    weights = released_weights(network, written(tmp_path / "vae.safetensors", file))
    assert weights.keys() == state.keys()
    file["quant_conv.weight"] = torch.zeros(32, 32, 1, 1)
    with pytest.raises(RdmError, match=r"unexpected: vae.quant_conv.weight$"):
        released_weights(network, written(tmp_path / "other.safetensors", file))


def test_the_classifier_of_inception_is_left_out(tmp_path):
    network = small_network("inception")
    state = random_state(network)
    file = {**without("network.", state), "fc.weight": torch.zeros(1008, 2048)}
    torch.save(file, tmp_path / "inception.pth")
    weights = released_weights(network, [tmp_path / "inception.pth"])
    assert weights.keys() == state.keys()


def test_a_pickle_is_refused(tmp_path):
    torch.save({"fc.weight": Path("x")}, tmp_path / "inception.pth")
    with pytest.raises(RdmError, match=r"inception.pth: does not fit .*Weights only load failed"):
        released_weights(small_network("inception"), [tmp_path / "inception.pth"])


# --- DreamSim -----------------------------------------------------------------------------------


@pytest.fixture
def dreamsim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, list[Path]]:
    """The package's own model, tuned by an adapter, and the files it would be released in."""
    model = paper_package("dreamsim.model")
    peft = paper_package("peft")
    vit = paper_package("dreamsim.feature_extraction.vision_transformer")
    options = small_network("dreamsim").options
    torch.manual_seed(2)

    def tower(kind: str, load_dir: str) -> Any:
        eps = 1e-6 if kind == "dino_vitb16" else 1e-5
        norm = partial(torch.nn.LayerNorm, eps=eps)
        made = vit.VisionTransformer(patch_size=16, qkv_bias=True, norm_layer=norm, **options)
        if kind != "dino_vitb16":
            made.pos_drop = torch.nn.LayerNorm(24, eps=eps)
        made.load_state_dict(lively(made.state_dict(), "dreamsim"))
        if kind == "dino_vitb16":
            return made
        if kind == "clip_vitb16":
            clip = paper_package("dreamsim.feature_extraction.load_clip_as_dino")
            for block in made.blocks:
                block.mlp.act = clip.QuickGELU()
        return made, torch.randn(24, 512)

    monkeypatch.setattr(model.ViTExtractor, "create_model", staticmethod(tower))
    config = model.dreamsim_args["model_config"]["ensemble"]
    whole = model.PerceptualModel(**config, device="cpu", normalize_embeds=False).eval()
    zipped = tmp_path / "zipped"
    zipped.mkdir()
    dino, clip, open_clip = whole.extractor_list
    torch.save(dino.model.state_dict(), tmp_path / "dino.pth")
    for part, name in ((clip, "clip"), (open_clip, "open_clip")):
        state = {**part.model.state_dict(), "proj": part.proj}
        torch.save({"state_dict": state}, zipped / f"{name}_vitb16_pretrain.pth.tar")
    tuned = peft.get_peft_model(
        whole, peft.LoraConfig(r=2, lora_alpha=0.5, lora_dropout=0.3, target_modules=["qkv"])
    ).eval()
    for name, parameter in tuned.named_parameters():
        if "lora_" in name:
            parameter.data.normal_(std=0.5)
    tuned.save_pretrained(zipped / "ensemble_lora")
    shutil.make_archive(str(tmp_path / "dreamsim"), "zip", zipped)
    return tuned, [tmp_path / "dreamsim.zip", tmp_path / "dino.pth"]


def test_dreamsim_computes_what_its_package_does_with_the_adapter_merged(dreamsim):
    tuned, files = dreamsim
    network = small_network("dreamsim", precision="float32")
    with torch.no_grad():
        images = torch.nn.functional.interpolate(
            some_images(), size=(224, 224), mode="bicubic", antialias=True
        )
        expected = tuned.embed(images)
        tuned.disable_adapter_layers()
        untuned = tuned.embed(images)
    found = features(network, files)
    assert (expected - untuned).abs().max() > 0.1
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_dreamsim_without_one_of_its_files_is_refused(dreamsim):
    _, (archive, dino) = dreamsim
    network = small_network("dreamsim")
    with pytest.raises(RdmError, match="found 1 files, dreamsim takes 2: its archive, then DINO"):
        released_weights(network, [archive])
    with zipfile.ZipFile(dino.with_name("empty.zip"), "w") as empty:
        empty.writestr("readme", "")
    with pytest.raises(RdmError, match=r"empty.zip: .*clip_vitb16_pretrain.pth.tar"):
        released_weights(network, [dino.with_name("empty.zip"), dino])
