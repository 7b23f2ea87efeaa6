"""DeepSpeed: process group, ZeRO optimizer and checkpoints of one training run."""

import math
import os
import shutil
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from rdm_pipeline.artifacts import write_text
from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.runs import Launch, Optimizer, Run

NEVER = 10**9
LATEST = "latest"  # the file in which DeepSpeed looks for the name of the newest checkpoint


def start_ranks() -> tuple[int, int]:
    """Join the process group that the launcher described (alone if none did): (rank, ranks)."""
    if not torch.cuda.is_available():
        os.environ.setdefault("DS_ACCELERATOR", "cpu")
    import deepspeed

    if "RANK" not in os.environ and not dist.is_initialized():
        os.environ.setdefault("LOCAL_RANK", "0")
        backend = "nccl" if torch.cuda.is_available() else "gloo"
        store = dist.HashStore()  # type: ignore[attr-defined]  # documented, not in __all__
        dist.init_process_group(backend, store=store, rank=0, world_size=1)
    # On a CPU DeepSpeed would compile an operator that only inference uses, and fail without g++.
    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    deepspeed.init_distributed(verbose=False)
    return dist.get_rank(), dist.get_world_size()


def build_engine(generator: nn.Module, run: Run) -> Any:
    """Return the DeepSpeed engine of a generator: AdamW under ZeRO, clipping and schedule."""
    import deepspeed

    settings = run.optimizer
    optimizer = torch.optim.AdamW(
        [parameter for parameter in generator.parameters() if parameter.requires_grad],
        lr=settings.learning_rate,
        betas=(settings.betas[0], settings.betas[1]),
        weight_decay=settings.weight_decay,
    )
    engine, *_ = deepspeed.initialize(
        model=generator,
        optimizer=optimizer,
        lr_scheduler=lambda opt: torch.optim.lr_scheduler.LambdaLR(
            opt, lambda step: learning_rate_factor(settings, step, run.steps)
        ),
        config=deepspeed_config(run),
        dist_init_required=False,
    )
    return engine


def deepspeed_config(run: Run) -> dict[str, Any]:
    """Return DeepSpeed's configuration for a run."""
    launch, (batch, _) = run.launch, run.batch_at(0)
    zero: dict[str, Any] = {"stage": launch.zero_stage}
    if launch.offload == "cpu":
        zero["offload_optimizer"] = {"device": "cpu", "pin_memory": torch.cuda.is_available()}
    return {
        "train_batch_size": batch,
        "train_micro_batch_size_per_gpu": launch.micro_batch,
        "gradient_accumulation_steps": batch // (launch.micro_batch * launch.ranks),
        "gradient_clipping": run.optimizer.clip,
        "zero_optimization": zero,
        "bf16": {"enabled": launch.precision == "bfloat16"},
        # many micro-batches add up: late ones would vanish in bfloat16
        "data_types": {"grad_accum_dtype": "fp32"},
        "zero_allow_untested_optimizer": True,
        "zero_force_ds_cpu_optimizer": False,
        "steps_per_print": NEVER,
    }


def compute_dtype(launch: Launch) -> torch.dtype:
    """Return the type that the generator computes in."""
    return torch.bfloat16 if launch.precision == "bfloat16" else torch.float32


def accumulate(engine: Any, run: Run, surrogate: Tensor, last: bool) -> None:
    """Backpropagate one micro-batch's surrogate; make the optimizer step after the last."""
    # DeepSpeed divides by the accumulation steps and averages over ranks: micro_batch / N.
    surrogate = surrogate * (run.optimizer.gradient_rows / run.launch.micro_batch)
    # DeepSpeed would count micro-batches since the start, wrong once the batch has changed.
    engine.set_gradient_accumulation_boundary(last)
    engine.backward(surrogate)
    engine.step()


def learning_rate_factor(settings: Optimizer, step: int, steps: int) -> float:
    """Return the share of the learning rate at a step: linear warm-up, then constant or cosine."""
    if step < settings.warmup_steps:
        return (step + 1) / settings.warmup_steps
    if settings.schedule == "constant":
        return 1.0
    progress = (step - settings.warmup_steps) / max(1, steps - settings.warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


def gather_rows(rows: Tensor) -> Tensor:
    """Return the rows (n, d) of all ranks, in rank order: (ranks * n, d); no gradient."""
    if dist.get_world_size() == 1:
        return rows
    parts = [torch.empty_like(rows) for _ in range(dist.get_world_size())]
    dist.all_gather(parts, rows.contiguous())
    return torch.cat(parts)


def add_ranks(values: Tensor) -> Tensor:
    """Return the sum of a tensor over all ranks."""
    if dist.get_world_size() > 1:
        dist.all_reduce(values)
    return values


def save_checkpoint(engine: Any, folder: Path, step: int, state: dict[str, Any]) -> None:
    """Save weights, optimizer, schedule and `state` after a step; keep only the newest.

    `latest` names it once every rank has written its part. DeepSpeed would name it once rank 0 has,
    and a job that was killed in between could never be taken up again.
    """
    tag = f"step-{step:06d}"
    engine.save_checkpoint(str(folder), tag=tag, client_state={"state": state}, save_latest=False)
    dist.barrier()
    if dist.get_rank() == 0:
        write_text(folder / LATEST, tag)
        for old in folder.glob("step-*"):
            if old.name != tag:
                shutil.rmtree(old)


def newest_checkpoints(folder: Path) -> dict[str, str]:
    """Return the name of the newest whole checkpoint of each run below `folder`."""
    return {path.parent.name: path.read_text() for path in folder.glob(f"*/{LATEST}")}


def load_checkpoint(engine: Any, folder: Path) -> dict[str, Any] | None:
    """Take up the newest whole checkpoint and return its state, or None where there is none."""
    if not (folder / LATEST).exists():
        return None
    try:
        _, client = engine.load_checkpoint(str(folder))
    except (RuntimeError, KeyError, ValueError, EOFError, OSError) as error:
        reason = " ".join(str(error).split())[:300]
        raise RdmError(f"{folder}: not a checkpoint of this run ({reason}); delete it") from None
    state: dict[str, Any] = client["state"]
    return state


def consolidated(engine: Any) -> dict[str, Tensor]:
    """Return the generator's trained float32 weights on the CPU, whole whatever the stage.

    All ranks must call it: a weight is gathered from those that hold its parts, one at a time.
    """
    from deepspeed.utils import safe_get_full_fp32_param

    weights = {}
    for name, parameter in engine.module.named_parameters():
        if not parameter.requires_grad:
            continue
        whole = safe_get_full_fp32_param(parameter)
        weights[name] = (parameter if whole is None else whole).detach().float().cpu().clone()
    return weights
