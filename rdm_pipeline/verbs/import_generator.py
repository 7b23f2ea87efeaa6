"""rdm import_generator: what matching starts from, trained elsewhere and kept by its hash."""

from pathlib import Path

from rdm_pipeline.artifacts import write_tensors
from rdm_pipeline.generators.base import load_generator
from rdm_pipeline.generators.published import published_names, read_checkpoint
from rdm_pipeline.loading.images import describe_images
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.generators import GeneratorSpec
from rdm_pipeline.params.runs import Sha256


class Params(Section):
    """What import_generator reads."""

    generator: GeneratorSpec
    path: str
    sha256: Sha256 | None


def run(params: Params, *, images: Path, generator: Path) -> None:
    """Write the checkpoint's weights, once they fit the generator and the images."""
    about, checkpoint = describe_images(images), Path(params.path)
    weights = published_names(read_checkpoint(checkpoint, params.sha256))
    model = load_generator(
        params.generator, len(about.classes), about.channels, about.size, weights, params.path
    )
    write_tensors(generator, model.state_dict(), {"generator": params.generator.model_dump()})
