"""rdm train: a run, on one rank or on many."""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from rdm_pipeline.artifacts import digest, read_json, read_tensors, write_json, write_tensors
from rdm_pipeline.errors import RdmError
from rdm_pipeline.generators.base import load_generator
from rdm_pipeline.lineage.fingerprint import fingerprint
from rdm_pipeline.loading.device import compute_device
from rdm_pipeline.loading.encoders import load_encoder
from rdm_pipeline.loading.features import by_name
from rdm_pipeline.loading.images import describe_images
from rdm_pipeline.loading.targets import files_of, load_pool_labels, load_target
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.encoders import Network
from rdm_pipeline.params.generators import GeneratorSpec
from rdm_pipeline.params.runs import Run
from rdm_pipeline.reference.target import Target
from rdm_pipeline.training.engine import build_engine, consolidated, start_ranks
from rdm_pipeline.training.loop import Setting, train


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
    """Write the trained generator and the history of its steps; resume a killed job."""
    if ranks(params) == 1:
        work(params, **paths)
        return
    with tempfile.TemporaryDirectory() as scratch:
        job = Path(scratch) / "job.json"
        write_json(job, {"params": params.model_dump(), "paths": _as_text(paths)})
        launcher = ["--nproc-per-node", str(ranks(params)), "--rdzv-backend", "c10d"]
        launcher += ["--rdzv-endpoint", "localhost:0", "-m", "rdm_pipeline.verbs.train", str(job)]
        done = subprocess.run([sys.executable, "-m", "torch.distributed.run", *launcher])
    if done.returncode:
        raise RdmError(f"training: one of {ranks(params)} ranks failed; the reason is above")


def work(
    params: Params,
    *,
    generator: Path,
    weights: list[Path],
    references: list[Path],
    features: list[Path],
    train_images: list[Path],
    floors: Path,
    images: Path,
    trained: Path,
    history: Path,
    monitor: Path,
) -> None:
    """Do one rank's share of a run; rank 0 writes.

    `monitor` is a folder for logs; `images` tell classes and size. `features` of `train_images` are
    given where the discrepancy needs them.
    """
    torch.set_num_threads(params.run.launch.threads)
    rank, _ = start_ranks()
    files = [generator, *weights, *references, *features, *train_images, floors, images]
    checkpoints = trained.parent / "checkpoints" / identity(params, files)
    setting, model = _prepare(
        params, generator, weights, references, features, train_images, floors, images
    )
    engine = build_engine(model, params.run)
    steps = train(engine, setting, checkpoints, monitor)
    tensors = consolidated(engine)
    if rank == 0:
        write_tensors(trained, tensors, {"generator": params.generator.model_dump()})
        write_json(history, steps)
        shutil.rmtree(checkpoints.parent, ignore_errors=True)


def identity(params: Params, files: list[Path]) -> str:
    """Return the hash of all that decides a run's result: a checkpoint of another is never used."""
    told = json.dumps(params.model_dump(exclude={"run": {"launch": {"checkpoint_every"}}}))
    parts = [told, fingerprint("train"), *(digest(path) for path in files)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _prepare(
    params: Params,
    generator: Path,
    weights: list[Path],
    references: list[Path],
    features: list[Path],
    train_images: list[Path],
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
    labels = load_pool_labels(train_images)
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
        classes=len(about.classes),
        noise_shape=model.noise_shape,
        device=device,
    )
    return setting, model


def _weighed(run: Run, target: Target) -> Target:
    """Return the target as the run weighs it: `none` leaves every term at its own size."""
    return replace(target, relative=False) if run.weighting == "none" else target


def _as_text(paths: Mapping[str, Path | list[Path]]) -> dict[str, Any]:
    return {k: [str(p) for p in v] if isinstance(v, list) else str(v) for k, v in paths.items()}


def _as_paths(texts: Mapping[str, str | list[str]]) -> dict[str, Any]:
    return {k: [Path(t) for t in v] if isinstance(v, list) else Path(v) for k, v in texts.items()}


def main() -> int:
    """Do a rank's share of the job file that the launching process wrote."""
    job = read_json(Path(sys.argv[1]))
    try:
        work(Params.model_validate(job["params"]), **_as_paths(job["paths"]))
    except RdmError as error:
        print(f"rdm: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
