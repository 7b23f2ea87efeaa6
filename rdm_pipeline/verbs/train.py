"""rdm train: a run, on one rank or on many."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from rdm_pipeline.artifacts import read_json, read_tensors, write_json, write_tensors
from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import atomic, digest
from rdm_pipeline.generators.base import load_generator
from rdm_pipeline.lineage.fingerprint import fingerprint
from rdm_pipeline.loading.device import compute_device, device_name
from rdm_pipeline.loading.encoders import load_encoder
from rdm_pipeline.loading.features import by_name
from rdm_pipeline.loading.images import describe_images
from rdm_pipeline.loading.targets import Labels, files_of, load_image_labels, load_target
from rdm_pipeline.loading.texts import load_conditions
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.encoders import Network
from rdm_pipeline.params.generators import GeneratorSpec
from rdm_pipeline.params.runs import SNAPSHOT, Run
from rdm_pipeline.progress import note
from rdm_pipeline.reference.conditions import Conditions
from rdm_pipeline.reference.target import Target
from rdm_pipeline.training.costs import Costs
from rdm_pipeline.training.engine import (
    build_engine,
    consolidated,
    newest_checkpoints,
    start_ranks,
)
from rdm_pipeline.training.launch import end_with_parent, start_command, step_environment
from rdm_pipeline.training.loop import Setting, train

CHECKPOINTS = "checkpoints"


class Params(Section):
    """What train reads."""

    run: Run
    generator: GeneratorSpec
    battery: list[str]
    networks: dict[str, Network]


def ranks(params: Params) -> int:
    """Return how many devices the run keeps busy."""
    return params.run.launch.ranks


def run(params: Params, **paths: Any) -> None:
    """Write the trained generator, its snapshots, what each cost, and the history of its steps.

    A killed job is resumed.
    """
    if ranks(params) == 1:
        work(params, **paths)
    else:
        start(params, **paths)
    # Not by a rank: ranks whose launcher was killed come to an end, and Snakemake deletes what they
    # wrote; the retry then needs the checkpoint.
    shutil.rmtree(paths["trained"].parent / CHECKPOINTS, ignore_errors=True)


def start(params: Params, **paths: Any) -> None:
    """Start the ranks of a run and wait for them; where one is lost, all start again.

    They go on from the newest checkpoint. A start that got no further than the one before is a
    failure: what ended it would end the next one too.
    """
    # beside the results: other nodes see that, but not this one's /tmp
    job = paths["trained"].with_name("job.json")
    checkpoints = paths["trained"].parent / CHECKPOINTS
    command = start_command(params.run.launch, job, os.environ)
    write_json(job, {"params": params.model_dump(), "paths": _as_text(paths)})
    try:
        reached = newest_checkpoints(checkpoints)
        while subprocess.run(
            command, env=step_environment(os.environ), preexec_fn=end_with_parent
        ).returncode:
            before, reached = reached, newest_checkpoints(checkpoints)
            if reached == before:
                raise RdmError(
                    f"training: one of {ranks(params)} ranks failed; the reason is above"
                )
            note("train", f"one of {ranks(params)} ranks was lost, all start again")
    finally:
        job.unlink(missing_ok=True)


def work(
    params: Params,
    *,
    generator: Path,
    weights: list[Path],
    references: list[Path],
    features: list[Path],
    train_images: Path | None,
    train_texts: Path | None,
    contexts: Path | None,
    texts: Path | None,
    floors: Path,
    images: Path,
    trained: Path,
    history: Path,
    costs: Path,
    snapshots: Path,
    monitor: Path,
) -> None:
    """Do one rank's share of a run; rank 0 writes.

    `snapshots` is a folder with a generator per step of `run.snapshots`; `costs` are the
    device-hours to each and to the end. `monitor` is a folder for logs; `images` tell classes and
    size. `features` of `train_images` are given where the discrepancy needs them, with
    `train_texts` where they are of prompts. `contexts` and `texts` are those of the prompts that a
    text-conditional generator draws from.
    """
    began = time.monotonic()
    torch.set_num_threads(params.run.launch.threads)
    rank, _ = start_ranks()
    files = [generator, *weights, *references, *features, floors, images]
    files += [path for path in (train_images, train_texts, contexts, texts) if path]
    checkpoints = trained.parent / CHECKPOINTS / identity(params, files)
    labels = load_image_labels(train_images, train_texts) if train_images else None
    conditions = load_conditions(
        params.generator, len(describe_images(images).classes), contexts, texts
    )
    setting, model = _prepare(
        params, generator, weights, references, features, labels, conditions, floors, images
    )
    engine = build_engine(model, params.run)

    def keep(path: Path) -> None:
        trained_tensors = consolidated(engine)
        if rank == 0:
            tensors = read_tensors(generator)[0] | trained_tensors  # what is frozen stays as it was
            write_tensors(path, tensors, {"generator": params.generator.model_dump()})

    # Beside the checkpoints until the end: of a job that is killed Snakemake deletes the outputs.
    kept, spent = checkpoints / "snapshots", Costs(checkpoints, rank, ranks(params), began)
    steps = train(
        engine,
        setting,
        checkpoints,
        monitor,
        spent,
        lambda step: keep(kept / SNAPSHOT.format(step=step)),
    )
    keep(trained)
    if rank == 0:
        write_json(history, steps)
        write_json(costs, {"device": device_name(), "reached": spent.reached})
        _collect(kept, snapshots)


def identity(params: Params, files: list[Path]) -> str:
    """Return the hash of all that decides a run's result: a checkpoint of another is never used."""
    free = {"run": {"launch": {"checkpoint_every", "nodes"}}}
    told = json.dumps(params.model_dump(exclude=free))
    parts = [told, fingerprint("train"), *(digest(path) for path in files)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _collect(kept: Path, snapshots: Path) -> None:
    """Fill the folder of snapshots, empty where none was kept, with those and no others."""
    with atomic(snapshots) as partial:
        if kept.exists():
            shutil.copytree(kept, partial)
        else:
            partial.mkdir()


def _prepare(
    params: Params,
    generator: Path,
    weights: list[Path],
    references: list[Path],
    features: list[Path],
    labels: Labels | None,
    conditions: Conditions,
    floors: Path,
    images: Path,
) -> tuple[Setting, torch.nn.Module]:
    names, about, floor_of = params.battery, describe_images(images), read_json(floors)
    device = compute_device()
    weights_of = by_name(names, weights)
    encoders = {
        name: load_encoder(
            weights_of[name], name, params.networks[name], about.channels, about.size
        ).to(device)
        for name in names
    }
    targets = {
        name: _weighed(
            params.run,
            load_target(files, name, params.run.discrepancy, labels, params.run.seed, device),
        )
        for name, files in files_of(names, references, features).items()
    }
    tensors, _ = read_tensors(generator)
    model = load_generator(
        params.generator, len(about.classes), about.channels, about.size, tensors, str(generator)
    )
    setting = Setting(
        run=params.run,
        battery=encoders,
        targets=targets,
        floors={
            batch: torch.tensor(
                [floor_of[str(batch)][name]["mean"] for name in names], dtype=torch.float64
            )
            for batch in params.run.batches
        },
        conditions=replace(conditions, codes=conditions.codes.to(device)),
        noise_shape=model.noise_shape,
        device=device,
    )
    return setting, model


def _weighed(run: Run, target: Target) -> Target:
    """Return the target as the run weighs it: `none` leaves every term at its own size."""
    return replace(target, relative=False) if run.weighting == "none" else target


def _as_text(paths: Any) -> Any:
    """Return a tree of paths as JSON has it; a file that is not there is None."""
    if isinstance(paths, Mapping):
        return {key: _as_text(value) for key, value in paths.items()}
    if isinstance(paths, list):
        return [_as_text(path) for path in paths]
    return paths and str(paths)


def _as_paths(texts: Any) -> Any:
    """Return what `_as_text` was given."""
    if isinstance(texts, Mapping):
        return {key: _as_paths(value) for key, value in texts.items()}
    if isinstance(texts, list):
        return [_as_paths(text) for text in texts]
    return texts and Path(texts)


def main() -> int:
    """Do a rank's share of the job file that the launching process wrote."""
    end_with_parent()
    job = read_json(Path(sys.argv[1]))
    try:
        work(Params.model_validate(job["params"]), **_as_paths(job["paths"]))
    except RdmError as error:
        print(f"rdm: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
