"""rdm import_samples: one shard of a set of images that somebody else's generator made."""

import json
from pathlib import Path

import numpy as np
from pydantic import NonNegativeInt, PositiveInt

from rdm_pipeline.artifacts import create_arrays
from rdm_pipeline.datasets.decode import decode
from rdm_pipeline.datasets.folder import Place, list_pictures
from rdm_pipeline.datasets.pictures import read_place
from rdm_pipeline.errors import RdmError
from rdm_pipeline.loading.images import ImageSet, describe_images
from rdm_pipeline.loading.turns import in_turn
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.evaluation import Sampling
from rdm_pipeline.progress import Progress


class Params(Section):
    """What import_samples reads."""

    path: str
    samples: PositiveInt
    rff_rows: PositiveInt
    sampling: Sampling
    shard: NonNegativeInt


def run(params: Params, *, images: Path, samples: Path) -> None:
    """Write images (n, C, H, W) uint8, classes in turn, as sets that are sampled here have them.

    RdmError for other classes than those of `images` or too few pictures of one.
    """
    about, root = describe_images(images), Path(params.path)
    pictures = list_pictures(root)
    if list(pictures) != about.classes:
        odd = sorted(pictures.keys() ^ set(about.classes))[:3]
        raise RdmError(
            f"{root}: its classes are not the dataset's; {', '.join(odd)} is in one only"
        )
    labels = [label for label, places in enumerate(pictures.values()) for _ in places]
    files = [place for places in pictures.values() for place in places]
    count, shards = max(params.samples, params.rff_rows), params.sampling.shards
    first, last = (count * k // shards for k in (params.shard, params.shard + 1))
    rows = in_turn(labels, len(about.classes), count, str(root))[first:last]
    shapes = {"images": (len(rows), about.channels, about.size, about.size), "labels": (len(rows),)}
    progress = Progress(f"import {root.name}", len(rows))
    with create_arrays(samples, "images", shapes, {"classes": json.dumps(about.classes)}) as file:
        for position, row in enumerate(rows):
            file["images"][position] = _image(root, files[row], about)
            file["labels"][position] = labels[row]
            progress.update(position + 1)


def _image(root: Path, place: Place, about: ImageSet) -> np.ndarray:
    try:
        return decode(read_place(root, place), about.size, about.channels)
    except ValueError as error:
        raise RdmError(f"{root}: {place.path} cannot be read ({error})") from None
