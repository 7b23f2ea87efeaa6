"""A generator, two encoders and their references, small enough to differentiate whole."""

import torch
from torch import nn

from rdm_pipeline.discrepancies.nystrom import NystromReference, nystrom_mmd2
from rdm_pipeline.params.discrepancies import MmdNystrom
from rdm_pipeline.reference.coupling import class_codes, couple
from rdm_pipeline.reference.matching import target
from rdm_pipeline.training.gradcache import gradcache_backward
from rdm_pipeline.training.objective import EPSILON, Batch, Rows, battery_gradients

N, LATENT, CLASSES = 24, 5, 3
DIMS = {"a": 7, "b": 4}


class Toy:
    """A generator, two encoders and their references, in float64."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.generator = nn.Sequential(nn.Linear(LATENT, 9), nn.Tanh(), nn.Linear(9, 6)).double()
        self.encoders = {n: nn.Linear(6, d).double().requires_grad_(False) for n, d in DIMS.items()}
        self.noise = torch.randn(N, LATENT, dtype=torch.float64)
        self.labels, self.codes = torch.randint(CLASSES, (N,)), class_codes(CLASSES)
        self.references = {
            name: NystromReference(
                torch.randn(8, d + CLASSES, dtype=torch.float64),
                torch.rand(8, dtype=torch.float64) / 8,
                0.1,
                0.7,
            )
            for name, d in DIMS.items()
        }
        self.targets = {
            name: target(MmdNystrom(kind="mmd_nystrom"), reference, 0.5, real=None, seed=0)
            for name, reference in self.references.items()
        }

    def batch(self) -> Batch:
        return Batch(self.labels, self.codes, 0)

    def full_gradient(self, weights: torch.Tensor) -> list[torch.Tensor]:
        images, total = self.generator(self.noise), 0.0
        for weight, (name, matched) in zip(weights, self.targets.items(), strict=True):
            features = self.encoders[name](images)
            coupled = couple(features, self.labels, self.codes, matched.beta)
            loss = nystrom_mmd2(coupled, self.references[name])
            total = total + weight * loss / (loss.abs().detach() + EPSILON)
        return list(torch.autograd.grad(total, self.generator.parameters()))

    def cached_gradient(self, weights: torch.Tensor, micro_batches: int, seen: list):
        size = N // micro_batches

        def forward(index, names):
            seen.append((index, tuple(names)))
            images = self.generator(self.noise[index * size : (index + 1) * size])
            return images, {name: self.encoders[name](images) for name in names}

        def objective(features):
            return battery_gradients(
                features, self.batch(), self.targets, weights, Rows(0, N), lambda x: x
            )

        self.generator.zero_grad()
        scores = gradcache_backward(
            forward, list(DIMS), micro_batches, objective, lambda s, last: s.backward()
        )
        return scores, [p.grad.clone() for p in self.generator.parameters()]
