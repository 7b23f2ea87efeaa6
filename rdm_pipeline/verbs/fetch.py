"""rdm fetch: the raw data and its manifest."""

from pathlib import Path

from rdm_pipeline.artifacts import write_json
from rdm_pipeline.datasets.source import fetch
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.dataset import DatasetSpec


class Params(Section):
    """What fetch reads."""

    dataset: DatasetSpec


def run(params: Params, *, raw: Path) -> None:
    """Fill the folder `raw` and write its manifest.json."""
    raw.mkdir(parents=True, exist_ok=True)
    write_json(raw / "manifest.json", fetch(params.dataset, raw))
