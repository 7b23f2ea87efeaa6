"""One frozen image encoder of the panel, as params.yaml describes it."""

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Discriminator, Field, PositiveFloat, PositiveInt, Tag, model_validator

from rdm_pipeline.params.base import Section

Objective = Literal[
    "supervised", "simclr", "masked", "rotation", "redundancy", "distillation", "captions", "vae"
]
# built and, where they need it, trained by the demo
OwnFamily = Literal["convnet", "vit", "efficientnet_lite", "scattering", "pixels"]
# the paper's panel: weights that somebody released
ReleasedFamily = Literal["inception", "timm", "transformers", "dreamsim", "radio", "flux_vae"]
Pool = Literal["avg", "cls", "attn", "summary", "patch_mean", "flatten"]


class Pretraining(Section):
    """How the DAG trains an encoder on the training split before freezing it."""

    objective: Objective
    steps: PositiveInt
    batch: PositiveInt
    learning_rate: PositiveFloat


class HubFile(Section):
    """A file of a repository on the Hugging Face hub; null: not pinned yet, so not usable yet."""

    repo: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    file: str = Field(min_length=1)
    revision: str | None = Field(pattern=r"^[0-9a-f]{40}$")
    sha256: str | None = Field(pattern=r"^[0-9a-f]{64}$")


class WebFile(Section):
    """A file at an address; null: not pinned yet, so not usable yet."""

    url: str = Field(pattern=r"^https://.*[^/]$")
    sha256: str | None = Field(pattern=r"^[0-9a-f]{64}$")


def _kind_of_file(told: Any) -> str:
    known = told if isinstance(told, dict) else vars(told) if isinstance(told, Section) else {}
    return "web" if "url" in known else "hub"


def _kind_of_weights(told: Any) -> str:
    return "files" if isinstance(told, list) else "random"


# told apart by their looks, so that a mistake in one is not answered with what another would take
File = Annotated[
    Annotated[HubFile, Tag("hub")] | Annotated[WebFile, Tag("web")], Discriminator(_kind_of_file)
]
Weights = Annotated[
    Annotated[Literal["random"], Tag("random")] | Annotated[list[File], Tag("files")],
    Discriminator(_kind_of_weights),
]


class Network(Section):
    """What computes the features: architecture, origin of the weights, input size and read-out.

    weights: where a released network's come from, or `random` for ones drawn from `seed`.
    options: arguments of the library's constructor that `source` does not settle.
    precision: what the network computes in; features are float32 either way.
    """

    family: OwnFamily | ReleasedFamily
    source: str = Field(min_length=1)
    resolution: PositiveInt
    pool: Pool
    dim: PositiveInt
    seed: int = Field(default=0, ge=0)
    weights: Weights | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    precision: Literal["float32", "bfloat16"] = "float32"

    @model_validator(mode="after")
    def _released_networks_say_whence(self) -> Self:
        released = self.family in get_args(ReleasedFamily)
        if released and not self.weights:
            raise ValueError(f"weights: missing, {self.family} takes random or a list of files")
        if not released and (self.weights or self.options):
            key = "weights" if self.weights else "options"
            raise ValueError(f"{key}: found some for {self.family}, allowed: none")
        if self.family == "inception" and self.precision != "float32":
            raise ValueError(f"precision: found {self.precision}, inception takes float32")
        return self


class EncoderSpec(Section):
    """A row of the panel (paper Table 5): an encoder and the part it plays."""

    role: Literal["train", "held_out"]
    paradigm: str = Field(min_length=1)
    network: Network
    pretraining: Pretraining | None = None

    @model_validator(mode="after")
    def _only_own_networks_are_trained(self) -> Self:
        if self.pretraining and self.network.family not in ("convnet", "vit"):
            family = self.network.family
            raise ValueError(f"pretraining: found one for {family}, allowed: for convnet and vit")
        return self
