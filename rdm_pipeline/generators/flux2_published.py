"""Published weights of FLUX.2 [klein] and of its one-step students, by the names of `Flux2`."""

from collections.abc import Mapping

from torch import Tensor

from rdm_pipeline.errors import RdmError
from rdm_pipeline.packages import paper_package

ORIGINAL = ("double_blocks.", "single_blocks.")  # how the authors' files call the blocks


def flux2_weights(
    transformer: Mapping[str, Tensor], vae: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Return one state dict of a transformer, in original or diffusers naming, and its VAE.

    The VAE's names are diffusers'. Raises RdmError for a block's layer that FLUX.2 does not have;
    what else does not fit is found when the generator is loaded.
    """
    named = dict(transformer)
    if any(key.startswith(ORIGINAL) for key in named):
        named = _by_diffusers_names(named)
    return {
        **{f"transformer.{key}": tensor for key, tensor in named.items()},
        **{f"vae.{key}": tensor for key, tensor in vae.items()},
    }


def _by_diffusers_names(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    loaders = paper_package("diffusers.loaders.single_file_utils")
    try:
        return loaders.convert_flux2_transformer_checkpoint_to_diffusers(weights)
    except KeyError as error:
        layer = error.args[0]
        raise RdmError(f"checkpoint: found the layer {layer}, which FLUX.2 does not have") from None
