"""The steps of the pipeline as records show them, and what each has cost."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rdm_pipeline.lineage.graph import Graph, Record, one_per_job
from rdm_pipeline.params.site import Power
from rdm_pipeline.reporting.site.contents import GENERATORS

FROM_ELSEWHERE = "import_samples"


@dataclass(frozen=True)
class Cost:
    """What the jobs of a step took; watt-hours are None where no power is stated."""

    step: str
    jobs: int
    seconds: float
    device_hours: float
    peak_memory: int
    bytes: int
    watt_hours: float | None


def steps_of(graph: Graph) -> dict[str, str]:
    """Return the step of each artifact: its verb; a joined one belongs to that of its shards.

    A verb that is run on real images and on generated ones is two steps, or the graph of steps
    would have circles: features of samples come after training, which comes after features.
    """
    makers = (*GENERATORS, FROM_ELSEWHERE)
    made = graph.downstream(path for path, r in graph.records.items() if r.verb in makers)
    verbs = {path: _verb(graph, path) for path in graph.records}
    after = {verb for path, verb in verbs.items() if path in made}
    before = {verb for path, verb in verbs.items() if path not in made}
    return {
        path: f"{verb}, {'samples' if path in made else 'real'}"
        if verb in after & before and verb not in makers
        else verb
        for path, verb in verbs.items()
    }


def costs(graph: Graph, steps: Mapping[str, str], power: Power | None) -> list[Cost]:
    """Return what each step took, the longest first."""
    by_step: dict[str, list[Record]] = {}
    for path, record in graph.records.items():
        by_step.setdefault(steps[path], []).append(record)
    found = [cost(step, records, power) for step, records in by_step.items()]
    return sorted(found, key=lambda one: (-one.device_hours, one.step))


def cost(step: str, records: Sequence[Record], power: Power | None) -> Cost:
    """Return what the jobs behind some records took together."""
    ran = one_per_job(records)
    return Cost(
        step=step,
        jobs=len(ran),
        seconds=sum(record.seconds for record in ran),
        device_hours=sum(record.device_hours for record in ran),
        peak_memory=max((record.peak_memory_bytes for record in ran), default=0),
        bytes=sum(record.artifact.bytes for record in records),
        watt_hours=None if power is None else sum(_watt_hours(record, power) for record in ran),
    )


def named_after(graph: Graph, name: str) -> list[str]:
    """Return the artifacts in whose path a run or an encoder is a folder or a file."""
    found = []
    for path in graph.records:
        *folders, file = graph.short(path).split("/")
        if name in (*folders[1:], file.partition(".")[0]):
            found.append(path)
    return found


def _watt_hours(record: Record, power: Power) -> float:
    watts = power.accelerator_watts if record.device.get("accelerator") else power.cpu_watts
    return record.device_hours * watts


def _verb(graph: Graph, path: str) -> str:
    record = graph.records[path]
    shards = _verbs(graph, (file.path for file in record.files_read))
    return shards[0] if record.verb == "gather" and shards else record.verb


def _verbs(graph: Graph, paths: Iterable[str]) -> list[str]:
    return [graph.records[path].verb for path in paths if path in graph.records]
