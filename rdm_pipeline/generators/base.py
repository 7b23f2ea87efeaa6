"""What the pipeline asks of a one-step generator, and how one is built or loaded."""

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import torch
from torch import Tensor, nn

from rdm_pipeline.errors import RdmError
from rdm_pipeline.generators.decoder import Decoder
from rdm_pipeline.generators.flux2 import Flux2
from rdm_pipeline.generators.pmf import Pmf
from rdm_pipeline.params.generators import GeneratorSpec


class Generator(Protocol):
    """A torch module that maps noise and a condition to an image in one step (method section 1)."""

    noise_shape: tuple[int, ...]

    def __call__(self, noise: Tensor, conditions: Tensor, /) -> Tensor:
        """Return images (B,C,H,W) in [0,1] for noise (B,*noise_shape) and as many conditions.

        Conditions are class ids (B,) int64 or text contexts (B,L,D), as the generator wants them.
        Noise is standard normal; a generator that wants another scale applies it itself.
        """
        ...

    def parameters(self) -> Iterator[nn.Parameter]:
        """Yield the trainable tensors."""
        ...


Network = Decoder | Pmf | Flux2
NETWORKS: Mapping[str, Callable[..., Network]] = {"decoder": Decoder, "pmf": Pmf, "flux2": Flux2}


def build_generator(
    spec: GeneratorSpec, classes: int, channels: int, image_size: int, seed: int
) -> Network:
    """Return a generator with random weights that depend on `seed` alone, on the CPU, float32.

    Raises RdmError for an image size that the generator cannot make.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return NETWORKS[spec.kind](spec, classes, channels, image_size)


def load_generator(
    spec: GeneratorSpec,
    classes: int,
    channels: int,
    image_size: int,
    weights: Mapping[str, Tensor],
    origin: str,
) -> Network:
    """Return a generator with the given weights, each of them used, none missing, in float32.

    Raises RdmError that names `origin` and the first keys or shapes that do not fit.
    """
    with torch.device("meta"):  # no time for random weights: every tensor is replaced
        generator = NETWORKS[spec.kind](spec, classes, channels, image_size)
    expected = {name: tuple(tensor.shape) for name, tensor in generator.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if found != expected:
        raise RdmError(
            f"{origin}: weights of another architecture ({_difference(found, expected)})"
        )
    generator.to_empty(device="cpu").load_state_dict(weights)
    return generator


def _difference(found: dict[str, tuple[int, ...]], expected: dict[str, tuple[int, ...]]) -> str:
    names = sorted(n for n in found.keys() | expected.keys() if found.get(n) != expected.get(n))
    told = [f"{n}: found {_shape(found, n)}, expected {_shape(expected, n)}" for n in names[:3]]
    more = f", and {len(names) - 3} more" if len(names) > 3 else ""
    return "; ".join(told) + more


def _shape(shapes: dict[str, tuple[int, ...]], name: str) -> str:
    return str(shapes[name]).replace(" ", "") if name in shapes else "none"
