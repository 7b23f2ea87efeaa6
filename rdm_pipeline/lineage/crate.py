"""A result with all that it was made from as a Provenance Run RO-Crate, for standard tools.

Source: Provenance Run Crate 0.5 (https://w3id.org/ro/wfrun/provenance/0.5) and what it extends.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rocrate.model import ContextEntity, DataEntity, Entity
from rocrate.rocrate import ROCrate

from rdm_pipeline.files import sha256
from rdm_pipeline.lineage.audit import Chain
from rdm_pipeline.lineage.graph import File, Record, one_per_job
from rdm_pipeline.lineage.record import SUFFIX, record_path
from rdm_pipeline.lineage.shown import compact, leaves

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/provenance/0.5": ("Provenance Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
TERMS = "https://w3id.org/ro/terms/workflow-run/context"
WORKFLOW = "Snakefile"
OUTPUT = "output"
FORMATS = {
    ".h5": "application/x-hdf5",
    ".json": "application/json",
    ".csv": "text/csv",
    ".md": "text/markdown",
    ".png": "image/png",
    ".yaml": "application/yaml",
    ".txt": "text/plain",
    ".smk": "text/plain",
    WORKFLOW: "text/plain",
}
HASHED = "ni:///sha-256;"  # RFC 6920: a name for bytes that are not here
# What a record measures: the quantity and its unit.
USAGE = {
    "seconds": ("https://schema.org/totalTime", "https://qudt.org/vocab/unit/SEC"),
    "device_hours": ("https://schema.org/duration", "https://qudt.org/vocab/unit/HR"),
    "peak_memory_bytes": (
        "https://schema.org/memoryRequirements",
        "https://qudt.org/vocab/unit/BYTE",
    ),
}


@dataclass(frozen=True)
class Source:
    """What a crate is made of: a chain of artifacts, and the workflow's files in the project."""

    chain: Chain
    project: Path
    files: Sequence[str]  # relative to the project, the Snakefile among them
    largest: int  # bytes of a file that is still copied; a larger one is named by its hash


def build_crate(source: Source) -> ROCrate:
    """Return the crate, ready to be written: files, tools, one action per job, the run."""
    crate = ROCrate(version="1.1")
    crate.metadata.extra_contexts.append(TERMS)
    for name in source.files:
        _add_project_file(crate, source.project, name)
    data = {path: _add_artifact(crate, source, path) for path in source.chain.inputs}
    made = one_per_job(source.chain.records.values())
    ran = sorted(made, key=lambda job: (job.started, job.artifact.path))
    for verb in dict.fromkeys(job.verb for job in ran):
        _add_tool(crate, source.chain, verb)
    actions = [_add_job(crate, job, data) for job in ran]
    run = _add_run(crate, source, ran, actions, data[source.chain.target])
    _describe(crate, source, [run, *actions], max(map(_end, ran)))
    return crate


# --- files --------------------------------------------------------------------------------------


def _add_project_file(crate: ROCrate, project: Path, name: str) -> Entity:
    path = project / name
    about = _about(name, sha256(path), path.stat().st_size)
    if name == WORKFLOW:
        about["@type"] = ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"]
        return crate.add_workflow(path, name, main=True, lang="snakemake", properties=about)
    return crate.add_file(path, name, properties=about)


def _add_artifact(crate: ROCrate, source: Source, path: str) -> Entity:
    """Add an artifact, its record beside it, and each file of a folder."""
    graph = source.chain.graph
    place, record = graph.locate(path), source.chain.records[path]
    if not place.is_dir():
        entity = _add_file(crate, source, place, record.artifact)
    else:
        inside = [file for file in sorted(place.rglob("*")) if file.is_file()]
        parts = [
            _add_file(crate, source, file, _file(f"{path}/{file.relative_to(place)}", file))
            for file in inside
            if not file.name.startswith(".")
        ]
        about = {"@type": "Dataset", "sha256": record.artifact.sha256, "name": path}
        entity = crate.add(DataEntity(crate, f"{quote(path)}/", {**about, "hasPart": parts}))
    written = record_path(place)
    told = _add_file(crate, source, written, _file(path + SUFFIX, written))
    told["about"] = entity
    return entity


def _file(path: str, place: Path) -> File:
    return File(path=path, sha256=sha256(place), bytes=place.stat().st_size)


def _add_file(crate: ROCrate, source: Source, place: Path, file: File) -> Entity:
    """Add a file with its bytes or, if it is large, by its hash."""
    about = _about(file.path, file.sha256, file.bytes)
    if file.bytes <= source.largest:
        return crate.add_file(place, file.path, properties=about)
    digest = base64.urlsafe_b64encode(bytes.fromhex(file.sha256)).decode().rstrip("=")
    named = {**about, "alternateName": file.path}
    # the same bytes may be at two places: one entity, both names
    known = crate.dereference(HASHED + digest)
    if known is not None:
        known.append_to("alternateName", file.path)
        return known
    return crate.add(DataEntity(crate, HASHED + digest, named))


def _about(name: str, digest: str, count: int) -> dict[str, Any]:
    return {
        "@type": "File",
        "name": name,
        "sha256": digest,
        "contentSize": str(count),
        "encodingFormat": FORMATS.get(Path(name).suffix or name, "application/octet-stream"),
    }


# --- what ran -----------------------------------------------------------------------------------


def _add_tool(crate: ROCrate, chain: Chain, verb: str) -> Entity:
    """Add a verb with slots for the files and the parameters that its jobs had."""
    made = [record for record in chain.records.values() if record.verb == verb]
    codes = sorted({record.code.fingerprint for record in made})
    tool = _add(crate, _tool(verb), "SoftwareApplication", name=f"rdm {verb}", version=codes)
    roles = sorted({role for record in made for role in record.inputs})
    keys = sorted({key for record in made for key in leaves(record.params)})
    tool["input"] = [
        *(_add_slot(crate, verb, role, "File") for role in roles),
        *(_add_slot(crate, verb, key, "Text") for key in keys),
    ]
    tool["output"] = _add_slot(crate, verb, OUTPUT, "File")
    _add(crate, _step(verb), "HowToStep", name=verb, workExample=tool)
    return tool


def _add_slot(crate: ROCrate, verb: str, name: str, kind: str) -> Entity:
    about = {"name": name, "additionalType": kind}
    return _add(crate, _slot(verb, name), "FormalParameter", **about)


def _add_job(crate: ROCrate, job: Record, data: Mapping[str, Entity]) -> Entity:
    """Add the run of a verb and Snakemake's part in it."""
    name = f"#job-{job.outputs[0].sha256[:16]}-{quote(job.artifact.path)}"
    outputs = [data[file.path] for file in job.outputs if file.path in data]
    read = {role: [data[f.path] for f in files] for role, files in job.inputs.items()}
    for entity in outputs:
        _realises(crate, entity, job.verb, OUTPUT)
    for role, entities in read.items():
        for entity in entities:
            _realises(crate, entity, job.verb, role)
    values = [
        _add_value(crate, f"{name}/{quote(key)}", key, compact(value), _slot(job.verb, key))
        for key, value in leaves(job.params).items()
    ]
    action = _add(
        crate,
        name,
        "CreateAction",
        name=f"rdm {job.verb}: {outputs[0]['name']}",
        description=_circumstances(job),
        instrument=crate.get(_tool(job.verb)),
        object=[entity for entities in read.values() for entity in entities] + values,
        result=outputs,
        startTime=job.started,
        endTime=_end(job),
        resourceUsage=[_add_usage(crate, name, job, field) for field in USAGE],
    )
    step = crate.get(_step(job.verb))
    _add(crate, f"{name}/control", "ControlAction", instrument=step, object=action)
    return action


def _realises(crate: ROCrate, entity: Entity, verb: str, role: str) -> None:
    slot = crate.get(_slot(verb, role))
    if slot not in entity.get("exampleOfWork", []):
        entity.append_to("exampleOfWork", slot)


def _add_value(crate: ROCrate, name: str, key: str, value: str, slot: str) -> Entity:
    about = {"name": key, "value": value, "exampleOfWork": crate.get(slot)}
    return _add(crate, name, "PropertyValue", **about)


def _add_usage(crate: ROCrate, name: str, job: Record, field: str) -> Entity:
    quantity, unit = USAGE[field]
    about = {"name": field, "value": str(getattr(job, field))}
    return _add(
        crate, f"{name}/{field}", "PropertyValue", propertyID=quantity, unitCode=unit, **about
    )


def _circumstances(job: Record) -> str:
    """Return code, seeds, machine and versions of a job as a sentence."""
    dirty = " with uncommitted changes" if job.code.dirty else ""
    parts = {
        "code": f"{job.code.fingerprint} of commit {job.code.commit}{dirty}",
        "seeds": compact(job.seeds),
        "machine": compact(job.device),
        "versions": compact({k: v for k, v in job.versions.items() if v is not None}),
    }
    return "; ".join(f"{name} {text}" for name, text in parts.items())


def _end(job: Record) -> str:
    return (datetime.fromisoformat(job.started) + timedelta(seconds=job.seconds)).isoformat()


# --- the whole ----------------------------------------------------------------------------------


def _add_run(
    crate: ROCrate, source: Source, ran: list[Record], actions: list[Entity], target: Entity
) -> Entity:
    """Add the run of the workflow and of its engine over the jobs."""
    workflow, verbs = crate.mainEntity, list(dict.fromkeys(job.verb for job in ran))
    workflow["hasPart"] = [crate.get(_tool(verb)) for verb in verbs]
    workflow["step"] = [crate.get(_step(verb)) for verb in verbs]
    workflow["version"] = sorted({str(job.code.commit) for job in ran})
    run = _add(
        crate,
        "#run",
        "CreateAction",
        name=f"snakemake {target['name']}",
        instrument=workflow,
        object=[crate.get(name) for name in source.files if name.endswith(".yaml")],
        result=target,
        startTime=ran[0].started,
        endTime=max(map(_end, ran)),
    )
    versions = sorted({str(job.versions.get("snakemake")) for job in ran})
    engine = _add(crate, "#snakemake", "SoftwareApplication", name="Snakemake", version=versions)
    controls = [crate.get(f"{action.id}/control") for action in actions]
    _add(crate, "#engine", "OrganizeAction", instrument=engine, object=controls, result=run)
    return run


def _describe(crate: ROCrate, source: Source, actions: list[Entity], date: str) -> None:
    root = crate.root_dataset
    target = source.chain.graph.short(source.chain.target)
    crate.name = f"{target} and what it was made from"
    crate.description = (
        f"{len(source.chain.inputs)} artifacts of rdm_pipeline by {len(actions) - 1} jobs; files "
        f"above {source.largest} bytes are named by their SHA-256 and are not in the crate."
    )
    crate.datePublished = datetime.fromisoformat(date)
    crate.license = _add(crate, "#licence", "CreativeWork", name="not stated by the project")
    root["conformsTo"] = [
        _add(crate, uri, "CreativeWork", name=name, version=version)
        for uri, (name, version) in PROFILES.items()
    ]
    root["mentions"] = actions


def _tool(verb: str) -> str:
    return f"#rdm-{verb}"


def _step(verb: str) -> str:
    return f"#step-{verb}"


def _slot(verb: str, name: str) -> str:
    return f"{_tool(verb)}/{quote(name)}"


def _add(crate: ROCrate, name: str, kind: str, /, **about: Any) -> Entity:
    return crate.add(ContextEntity(crate, name, properties={"@type": kind, **about}))
