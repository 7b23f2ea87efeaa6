"""rdm import_generator: what matching starts from, trained elsewhere and kept by its hash."""

from pathlib import Path

from rdm_pipeline.artifacts import write_tensors
from rdm_pipeline.generators.base import load_generator
from rdm_pipeline.generators.flux2_published import flux2_weights
from rdm_pipeline.generators.published import published_names, read_checkpoint
from rdm_pipeline.loading.images import describe_images
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.generators import GeneratorSpec
from rdm_pipeline.params.runs import Checkpoint, Sha256


class Params(Section):
    """What import_generator reads."""

    generator: GeneratorSpec
    path: str
    sha256: Sha256 | None
    vae: Checkpoint | None = None


def run(params: Params, *, images: Path, generator: Path) -> None:
    """Write the checkpoint's weights, once they fit the generator and the images."""
    about, checkpoint = describe_images(images), Path(params.path)
    weights = read_checkpoint(checkpoint, params.sha256)
    if params.vae:
        weights = flux2_weights(weights, read_checkpoint(Path(params.vae.path), params.vae.sha256))
    else:
        weights = published_names(weights)
    model = load_generator(
        params.generator, len(about.classes), about.channels, about.size, weights, params.path
    )
    write_tensors(generator, model.state_dict(), {"generator": params.generator.model_dump()})
