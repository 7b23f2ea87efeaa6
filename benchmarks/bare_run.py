"""A training run on random landmarks and random encoders: what a step costs, without any data."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from rdm_pipeline.discrepancies.nystrom import NystromReference
from rdm_pipeline.encoders.battery import FrozenEncoder, build_encoder, initial_weights
from rdm_pipeline.generators.base import build_generator
from rdm_pipeline.params.encoders import Network
from rdm_pipeline.params.project import Project
from rdm_pipeline.params.runs import Run
from rdm_pipeline.reference.conditions import Conditions
from rdm_pipeline.reference.matching import target
from rdm_pipeline.training.engine import build_engine, start_ranks
from rdm_pipeline.training.loop import Setting, State
from rdm_pipeline.training.weighting import build_weighting


def random_encoders(
    networks: Mapping[str, Network], channels: int, size: int, device: torch.device
) -> dict[str, FrozenEncoder]:
    """Frozen encoders at random weights."""
    return {
        name: build_encoder(network, channels, size, initial_weights(network, channels)).to(device)
        for name, network in networks.items()
    }


def bare_run(
    project: Project,
    run: Run,
    encoders: dict[str, FrozenEncoder],
    dims: Mapping[str, int],
    conditions: Conditions,
    image: tuple[int, int],
    device: torch.device,
) -> tuple[Any, Setting, State]:
    """Engine, setting and state of a run from step 0; image is (channels, size)."""
    start_ranks()
    landmarks = project.references[run.reference].landmarks
    beta = project.references[run.reference].beta
    count, width = conditions.codes.shape
    spec = project.generators[project.warm_starts[run.init].generator]
    model = build_generator(spec, count, *image, seed=0).to(device)
    targets = {}
    for name, dim in dims.items():
        rows = torch.randn(landmarks, dim + (width if beta else 0), device=device)
        alpha = torch.full((landmarks,), 1 / landmarks, device=device)
        reference = NystromReference(rows, alpha, 1 / (2 * rows.shape[1]), 0.5)
        targets[name] = target(run.discrepancy, reference, beta, None, seed=0)
    ones = torch.ones(len(encoders), dtype=torch.float64)
    setting = Setting(
        run=run,
        battery=encoders,
        targets=targets,
        floors=dict.fromkeys(run.batches, ones),
        conditions=replace(conditions, codes=conditions.codes.to(device)),
        noise_shape=model.noise_shape,
        device=device,
    )
    return build_engine(model, run), setting, State(build_weighting(run), ones)
