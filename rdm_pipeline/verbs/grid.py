"""rdm grid: a sheet of images, a row per class."""

from pathlib import Path

from pydantic import PositiveInt

from rdm_pipeline.artifacts import write_bytes
from rdm_pipeline.loading.images import load_images
from rdm_pipeline.params.base import Section
from rdm_pipeline.reporting.figures import sample_grid


class Params(Section):
    """What grid reads."""

    columns: PositiveInt
    title: str


def run(params: Params, *, images: Path, picture: Path) -> None:
    """Write the first images of each class as a PNG."""
    pictures, labels, classes = load_images(images)
    panel = {params.title: (pictures.numpy(), labels.numpy())}
    write_bytes(picture, sample_grid(panel, classes, params.columns))
