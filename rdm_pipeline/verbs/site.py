"""rdm site: tables, figures, runs and encoders as pages, each number with its lineage."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rdm_pipeline.artifacts import read_bytes, read_json, read_text
from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import write_folder
from rdm_pipeline.lineage.accepted import Acceptance
from rdm_pipeline.lineage.graph import load_graph
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.site import Power
from rdm_pipeline.reporting.site.contents import Contents, Printed, upstream
from rdm_pipeline.reporting.site.pages import site_files
from rdm_pipeline.reporting.site.render import templates_hash


class Params(Section):
    """What site reads; `templates` is the hash of what the pages are filled into."""

    power: Power | None
    accepted: list[Acceptance]
    templates: str


def run(
    params: Params,
    *,
    tables: list[Path],
    figures: list[Path],
    histories: list[Path],
    floors: list[Path],
    cards: list[Path],
    site: Path,
) -> None:
    """Write the folder `site`; it lies in that of the results, whose records are its lineage.

    `tables` are CSV files, each with its Markdown beside it; `histories` and `floors` lie in
    folders named after their runs. Only records that the inputs depend on are read.
    """
    if params.templates != templates_hash():
        raise RdmError("--params: templates: the templates have changed since this was planned")
    folder = site.parent
    graph = load_graph(folder)
    given = [*tables, *figures, *histories, *floors, *cards]
    at = {path: f"{graph.prefix}/{path.relative_to(folder).as_posix()}" for path in given}
    contents = Contents(
        graph=upstream(graph, at.values()),
        tables={
            at[path]: Printed(read_text(path), read_text(path.with_suffix(".md")))
            for path in tables
            if path.suffix == ".csv"
        },
        figures={at[path]: read_bytes(path) for path in figures},
        histories=_by(histories, [path.parent.name for path in histories]),
        floors=_by(floors, [path.parent.name for path in floors]),
        cards=_by(cards, [path.stem for path in cards]),
        power=params.power,
        accepted=params.accepted,
    )
    write_folder(site, site_files(contents))


def _by(paths: Sequence[Path], names: Sequence[str]) -> Mapping[str, Any]:
    return {name: read_json(path) for name, path in zip(names, paths, strict=True)}
