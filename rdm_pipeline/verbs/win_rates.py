"""rdm win_rates: how often a generator's images are preferred to others, pair by pair."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from rdm_pipeline.artifacts import read_arrays, write_bytes, write_text
from rdm_pipeline.errors import RdmError
from rdm_pipeline.evaluation.preference import matched_by, win_rate
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.preference import PreferenceFigure
from rdm_pipeline.reporting.preference import Rival, preference_table, win_rate_bars
from rdm_pipeline.reporting.published import WIN_RATES, published_rows
from rdm_pipeline.reporting.tables import to_csv, to_latex, to_markdown


class Params(Section):
    """What win_rates reads."""

    figure: PreferenceFigure
    labels: dict[str, str]
    published: dict[str, str]


def run(
    params: Params, *, scores: list[Path], csv: Path, markdown: Path, latex: Path, picture: Path
) -> None:
    """Write table and figure; `scores` are of the run, then of what it is compared with.

    RdmError for pairs of another class, from other noise or judged by another model.
    """
    own, *rest = [_read(path) for path in scores]
    paper = published_rows(WIN_RATES, params.published)
    rivals = [
        _rival(params.labels[name], own, theirs, paper.get(name), path)
        for name, theirs, path in zip(params.figure.against, rest, scores[1:], strict=True)
    ]
    for name in params.figure.paper_only:
        rivals.append(Rival(name, None, None, None, None, _published(name)))
    label = params.labels[params.figure.run]
    table = preference_table(label, rivals)
    write_text(csv, to_csv(table))
    write_text(markdown, to_markdown(table))
    write_text(latex, to_latex(table))
    write_bytes(picture, win_rate_bars(label, rivals))


def _read(path: Path) -> dict[str, Any]:
    arrays, attrs = read_arrays(path, "preference")
    return {**arrays, **attrs, "classes": json.loads(attrs["classes"])}


def _rival(
    label: str, own: Mapping[str, Any], theirs: Mapping[str, Any], paper: float | None, path: Path
) -> Rival:
    for key in ("model", "classes"):
        if own[key] != theirs[key]:
            raise RdmError(f"{path}: its {key} is not that of the run it is compared with")
    if own["labels"].tolist() != theirs["labels"].tolist():
        raise RdmError(f"{path}: its images are of other classes, in another order")
    try:
        matched = matched_by(own.get("noise"), theirs.get("noise"))
    except RdmError as error:
        raise RdmError(f"{path}: {error}") from None
    ours, others = torch.from_numpy(own["scores"]), torch.from_numpy(theirs["scores"])
    rate, means = win_rate(ours, others), (float(ours.mean()), float(others.mean()))
    return Rival(label, rate, means[0], means[1], matched, paper)


def _published(name: str) -> float:
    if name not in WIN_RATES:
        allowed = ", ".join(sorted(WIN_RATES))
        raise RdmError(f"report.fig6.paper_only: found {name!r}, allowed: {allowed}")
    return WIN_RATES[name]
