"""rdm mix: one shard of a mixture, the images that were kept of one source."""

import json
from pathlib import Path

from rdm_pipeline.artifacts import create_arrays, open_arrays, read_json_lines
from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.base import Section
from rdm_pipeline.progress import Progress


class Params(Section):
    """What mix reads: the names of the mixture's sources."""

    sources: list[str]


def run(params: Params, *, images: Path, kept: Path, mixed: Path) -> None:
    """Write images (n, C, H, W) uint8 of the kept rows; their label is the source's number.

    Rows are copied: a virtual array would keep alive every image that was drawn, of which few are
    kept, and may not reach out of its folder.
    """
    chosen = read_json_lines(kept)
    progress = Progress(f"mix {mixed.parent.parent.name}", len(chosen))
    with open_arrays(images, "images") as source:
        rows, *shape = source["images"].shape
        if chosen[-1]["row"] >= rows:
            raise RdmError(f"{kept}: keeps row {chosen[-1]['row']} of the {rows} of {images}")
        shapes = {"images": (len(chosen), *shape), "labels": (len(chosen),)}
        attrs = {"classes": json.dumps(params.sources)}
        with create_arrays(mixed, "images", shapes, attrs) as target:
            for place, line in enumerate(chosen):
                target["images"][place] = source["images"][line["row"]]
                target["labels"][place] = params.sources.index(line["source"])
                progress.update(place + 1)
