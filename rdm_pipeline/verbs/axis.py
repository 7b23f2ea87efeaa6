"""rdm axis: scores of an experiment's variants over their batch size."""

from collections.abc import Sequence
from pathlib import Path

from rdm_pipeline.artifacts import read_json, write_bytes
from rdm_pipeline.errors import RdmError
from rdm_pipeline.reporting.comparison_figures import batch_axis
from rdm_pipeline.verbs.comparison import Params, metric_names, metrics_of

__all__ = ["Params", "run"]


def run(params: Params, *, scores: list[Path], picture: Path) -> None:
    """Write each metric over the batch, with its spread over seeds, as a PNG.

    RdmError for a variant without a fixed batch.
    """
    told, count = params.comparison, len(params.seeds)
    found = [metrics_of(read_json(path), params) for path in scores]
    baselines = dict(zip(told.baselines, found, strict=False))
    members = found[len(baselines) :]
    curves = {
        name: {
            _batch(params, row): [one[key] for one in members[index * count : (index + 1) * count]]
            for index, row in enumerate(told.rows)
        }
        for key, name in metric_names(params).items()
    }
    levels = {
        name: {params.labels[row]: values[key] for row, values in baselines.items()}
        for key, name in metric_names(params).items()
    }
    write_bytes(picture, batch_axis(curves, levels))


def _batch(params: Params, row: str) -> int:
    stages: Sequence[int] = [stage.batch for stage in params.runs[row].stages]
    if len(stages) > 1:
        raise RdmError(f"rows: {row} has batches {stages}, allowed: one fixed batch")
    return stages[0]
