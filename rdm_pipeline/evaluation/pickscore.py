"""PickScore (Kirstain et al. 2023): transformers' CLIP, tuned on what people preferred."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from rdm_pipeline.artifacts import read_json, read_tensors
from rdm_pipeline.encoders.hub import weight_file
from rdm_pipeline.errors import RdmError
from rdm_pipeline.evaluation.preference import preference_scores
from rdm_pipeline.packages import paper_package
from rdm_pipeline.params.preference import PreferenceModel

START, END = "<|startoftext|>", "<|endoftext|>"
# tables of positions that older versions of transformers wrote into files
UNUSED = ("text_model.embeddings.position_ids", "vision_model.embeddings.position_ids")

Vocabulary = Mapping[str, Any]  # vocab: token -> number; merges: pairs of tokens


class PickScore:
    """A frozen model with its tokenizer and its image processor."""

    def __init__(
        self, spec: PreferenceModel, weights: Mapping[str, Tensor], vocabulary: Vocabulary
    ) -> None:
        """Build the model in eval mode; RdmError for weights that do not fit."""
        transformers = paper_package("transformers")
        self.model = build_clip(spec, vocabulary).eval().requires_grad_(False)
        load_strictly(self.model, weights)
        merges = [tuple(pair) for pair in vocabulary["merges"]]
        self.tokenizer = transformers.CLIPTokenizer(vocab=dict(vocabulary["vocab"]), merges=merges)
        size = self.model.config.vision_config.image_size
        self.processor = transformers.CLIPImageProcessor(
            size={"shortest_edge": size}, crop_size={"height": size, "width": size}
        )
        self.autocast = spec.precision == "bfloat16"

    def to(self, device: torch.device) -> Self:
        """Move the model."""
        self.model.to(device)
        return self

    @torch.no_grad()
    def scores(self, images: Tensor, prompts: Sequence[str]) -> Tensor:
        """Return scores (n,) float32 on the CPU of images (n,1 or 3,H,W) uint8 with n prompts.

        The processor rescales by 255, so floats in [0,1] would be rescaled twice.
        """
        if images.dtype != torch.uint8:
            raise RdmError(f"PickScore: found images of {images.dtype}, allowed: torch.uint8")
        device = self.model.logit_scale.device
        colour = images.expand(-1, 3, -1, -1)
        pixels = self.processor(images=colour, return_tensors="pt")["pixel_values"].to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.autocast):
            pictures = self.model.get_image_features(pixels).pooler_output
            texts = self._texts(prompts)
        return preference_scores(pictures, texts, self.model.logit_scale).cpu()

    def _texts(self, prompts: Sequence[str]) -> Tensor:
        """Embeddings (n,d): each prompt once, since images of a class share one."""
        distinct = list(dict.fromkeys(prompts))
        length = self.model.config.text_config.max_position_embeddings
        tokens = self.tokenizer(
            distinct, padding=True, truncation=True, max_length=length, return_tensors="pt"
        ).to(self.model.logit_scale.device)
        texts: Tensor = self.model.get_text_features(**tokens).pooler_output
        return texts[[distinct.index(prompt) for prompt in prompts]]


def build_clip(spec: PreferenceModel, vocabulary: Vocabulary) -> Any:
    """Return a CLIPModel with random weights from torch's global generator."""
    transformers = paper_package("transformers")
    vocab = vocabulary["vocab"]
    special = {"bos_token_id": vocab[START], "eos_token_id": vocab[END], "pad_token_id": vocab[END]}
    try:
        config = transformers.CLIPConfig(
            text_config={"vocab_size": len(vocab), **special, **spec.text},
            vision_config=dict(spec.vision),
            projection_dim=spec.projection,
        )
        return transformers.CLIPModel(config)
    # an unknown option, one that does not fit another: transformers has errors of its own
    except Exception as error:
        raise RdmError(f"evaluation.preference.model: {' '.join(str(error).split())}") from None


def initial_model(spec: PreferenceModel) -> tuple[dict[str, Tensor], Vocabulary]:
    """Return weights and vocabulary: released ones, checked against their pins, or random ones."""
    vocabulary = initial_vocabulary(spec)
    if isinstance(spec.weights, list):
        files = [weight_file(origin) for origin in spec.weights]
        weights = {name: t for file in files for name, t in read_tensors(file)[0].items()}
        weights = {name: tensor for name, tensor in weights.items() if name not in UNUSED}
        with torch.device("meta"):
            load_strictly(build_clip(spec, vocabulary), weights)
        return weights, vocabulary
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(spec.seed)
        return build_clip(spec, vocabulary).state_dict(), vocabulary


def initial_vocabulary(spec: PreferenceModel) -> Vocabulary:
    """Return the released vocabulary, or one token per byte: no merges, so any text has tokens."""
    if isinstance(spec.vocabulary, list):
        vocab, merges = map(weight_file, spec.vocabulary)
        # the first line says which version of the format this is
        lines = [line for line in merges.read_text("utf-8").splitlines() if line]
        pairs = [line.split() for line in lines if not line.startswith("#version")]
        return {"vocab": read_json(vocab), "merges": pairs}
    pre_tokenizers = paper_package("tokenizers").pre_tokenizers
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), START, END]
    return {"vocab": {token: number for number, token in enumerate(tokens)}, "merges": []}


def load_strictly(model: Any, weights: Mapping[str, Tensor]) -> None:
    """Give the model exactly these weights; RdmError for a name or a shape too many or missing."""
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    odd = sorted(n for n in expected.keys() | found.keys() if expected.get(n) != found.get(n))
    if odd:
        first = f"{odd[0]} is {found.get(odd[0])}, expected {expected.get(odd[0])}"
        raise RdmError(f"evaluation.preference.model: weights of another architecture: {first}")
    model.load_state_dict(dict(weights), assign=True)


def read_model(path: Path, spec: PreferenceModel) -> PickScore:
    """Return the model of a file that `rdm preference_model` wrote."""
    weights, about = read_tensors(path)
    if about.get("model") != spec.model_dump():
        raise RdmError(f"{path}: not the model of evaluation.preference; make it again")
    return PickScore(spec, weights, about["vocabulary"])
