"""The training loop of a run: generate, encode, match, step; the same on one rank and on many."""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rdm_pipeline.encoders.battery import FrozenEncoder, encode
from rdm_pipeline.errors import RdmError
from rdm_pipeline.generators.noise import balanced_labels, sample_labels, sample_noise
from rdm_pipeline.params.runs import Run
from rdm_pipeline.progress import Progress, note
from rdm_pipeline.reference.conditions import Conditions
from rdm_pipeline.reference.target import Target
from rdm_pipeline.training import engine as ds
from rdm_pipeline.training.costs import Costs
from rdm_pipeline.training.gradcache import Features, gradcache_backward
from rdm_pipeline.training.monitor import Monitor
from rdm_pipeline.training.objective import Batch, NotFinite, Rows, battery_gradients
from rdm_pipeline.training.weighting import Weighting, build_weighting


@dataclass(frozen=True)
class Setting:
    """What a run trains with: everything frozen, on the device it computes on.

    floors: per batch size, what real validation data scores by each encoder (E,) float64.
    """

    run: Run
    battery: Mapping[str, FrozenEncoder]
    targets: Mapping[str, Target]
    floors: Mapping[int, Tensor]
    conditions: Conditions
    noise_shape: tuple[int, ...]
    device: torch.device


@dataclass
class State:
    """What changes from step to step besides the engine; all of it is in the checkpoint."""

    weighting: Weighting
    weights: Tensor
    step: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


def train(
    engine: Any,
    setting: Setting,
    checkpoints: Path,
    logs: Path,
    costs: Costs,
    keep: Callable[[int], None],
) -> list[dict[str, Any]]:
    """Run all steps, from the newest checkpoint on if there is one; return one entry per step.

    Checkpoints and, below `logs`, what the monitor tells are written as the run goes on. All ranks
    call `keep` after the steps of the run's snapshots.
    """
    run = setting.run
    state = _resume(engine, setting, checkpoints)
    progress = Progress("train", run.steps)
    progress.update(state.step)
    # every rank has one, rank 0's lies in the folder itself
    rank = torch.distributed.get_rank()
    monitor = Monitor(logs / f"rank-{rank}" if rank else logs, state.step)
    while state.step < run.steps:
        entry = _step_or_skip(engine, setting, state)
        state.history.append(entry)
        state.step += 1
        costs.count()
        told = monitor.tell(entry, costs.hours)
        progress.update(state.step, f"{_told(entry, setting)}, {told}")
        if state.step in run.snapshots:  # before the checkpoint: what goes on from that has it
            costs.reach(state.step, _images(state))
            keep(state.step)
        if state.step % run.launch.checkpoint_every == 0 and state.step < run.steps:
            ds.save_checkpoint(engine, checkpoints, state.step, _saved(state))
    costs.reach(state.step, _images(state))
    monitor.close()
    return state.history


def _step_or_skip(engine: Any, setting: Setting, state: State) -> dict[str, Any]:
    """Make a step; one that is not finite changes nothing but the count of those."""
    allowed = setting.run.launch.skipped_steps
    try:
        return train_step(engine, setting, state)
    except NotFinite as error:
        skipped = 1 + sum("skipped" in entry for entry in state.history)
        if skipped > allowed:
            raise RdmError(
                f"step {state.step}: {error}; {skipped} steps were skipped for that, allowed "
                f"{allowed} (launch.skipped_steps); nothing was written"
            ) from None
        engine.lr_scheduler.step()  # the schedule is of the run's steps, made or skipped
        batch, _ = setting.run.batch_at(state.step)
        return {"step": state.step, "batch": batch, "skipped": str(error)}


def train_step(engine: Any, setting: Setting, state: State) -> dict[str, Any]:
    """Make one optimizer step and return its scores, weights and learning rate."""
    run, launch = setting.run, setting.run.launch
    rank, ranks = torch.distributed.get_rank(), torch.distributed.get_world_size()
    size, _ = run.batch_at(state.step)
    local = size // ranks
    rows = Rows(rank * local, (rank + 1) * local)
    labels = step_labels(run, state.step, len(setting.conditions.codes)).to(setting.device)
    batch = Batch(labels, setting.conditions.codes, state.step)
    engine.set_train_batch_size(size)

    dtype = ds.compute_dtype(launch)

    def forward(index: int, names: Collection[str]) -> tuple[Tensor, Features]:
        first = rows.start + index * launch.micro_batch
        indices = range(first, first + launch.micro_batch)
        noise = sample_noise(run.seed, state.step, indices, setting.noise_shape)
        chosen = setting.conditions.inputs(labels[indices.start : indices.stop])
        images = engine(noise.to(setting.device, dtype), chosen).float()
        return images, encode({name: setting.battery[name] for name in names}, images)

    def objective(features: Features) -> tuple[Tensor, Features]:
        gathered = {name: ds.gather_rows(f) for name, f in features.items()}
        return battery_gradients(
            gathered, batch, setting.targets, state.weights, rows, ds.add_ranks
        )

    rate = engine.get_lr()[0]
    scores = gradcache_backward(
        forward,
        list(setting.battery),
        local // launch.micro_batch,
        objective,
        partial(ds.accumulate, engine, run),
    )
    norm = engine.get_global_grad_norm()
    if norm is not None and not math.isfinite(norm):
        raise NotFinite("gradient of the generator not finite")  # DeepSpeed made no step of it
    entry = _entry(state, setting, scores, rate, norm)
    state.weights = state.weighting.update(scores, setting.floors[size])
    return entry


def step_labels(run: Run, step: int, conditions: int) -> Tensor:
    """Return the conditions (N,) int64 of a step's whole batch: each of them in turn, or drawn."""
    size, before = run.batch_at(step)
    if run.labels == "balanced":
        return balanced_labels(size, conditions, start=before)
    return sample_labels(run.seed, step, range(size), conditions)


def _resume(engine: Any, setting: Setting, checkpoints: Path) -> State:
    ones = torch.ones(len(setting.battery), dtype=torch.float64)
    state = State(build_weighting(setting.run), ones)
    saved = ds.load_checkpoint(engine, checkpoints)
    if saved is not None:
        state.weighting.load_state_dict(saved["weighting"])
        state.weights, state.step, state.history = (
            saved[key] for key in ("weights", "step", "history")
        )
        note("train", f"resumes at step {state.step}")
    return state


def _saved(state: State) -> dict[str, Any]:
    return {
        "weighting": state.weighting.state_dict(),
        "weights": state.weights,
        "step": state.step,
        "history": state.history,
    }


def _entry(
    state: State, setting: Setting, scores: Tensor, rate: float, norm: Tensor | float | None
) -> dict[str, Any]:
    names = list(setting.battery)
    return {
        "step": state.step,
        "batch": setting.run.batch_at(state.step)[0],
        "scores": dict(zip(names, scores.tolist(), strict=True)),
        "weights": dict(zip(names, state.weights.tolist(), strict=True)),
        "learning_rate": rate,
        # stage 0 has none
        "gradient_norm": None if norm is None else float(norm),
    }


def _images(state: State) -> int:
    """Return how many images have been drawn."""
    return sum(entry["batch"] for entry in state.history)


def _told(entry: dict[str, Any], setting: Setting) -> str:
    if "skipped" in entry:
        return f"skipped: {entry['skipped']}"
    scores = torch.tensor(list(entry["scores"].values()), dtype=torch.float64)
    return f"mean score over floor {float((scores / setting.floors[entry['batch']]).mean()):.2f}"
