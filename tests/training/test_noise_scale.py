"""What noise a training step hands to a generator whose noise has a scale of its own."""

import pytest
import torch

from rdm_pipeline.artifacts import write_tensors
from rdm_pipeline.generators.base import build_generator
from rdm_pipeline.generators.noise import sample_noise
from rdm_pipeline.reference.conditions import Conditions
from rdm_pipeline.reference.coupling import class_codes
from rdm_pipeline.training.loop import State, train_step
from rdm_pipeline.training.weighting import build_weighting
from rdm_pipeline.verbs import train
from tests.generators.plain_pmf import TINY
from tests.training.conftest import CLASSES


class Engine:
    """What a step asks of DeepSpeed's engine, without an optimizer."""

    def __init__(self, model: torch.nn.Module) -> None:
        self.model = model

    def __call__(self, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return self.model(noise, labels)

    def backward(self, surrogate: torch.Tensor) -> None:
        surrogate.backward()

    def step(self) -> None:
        """Leave the gradients to be looked at."""

    def set_train_batch_size(self, size: int) -> None:
        pass

    def set_gradient_accumulation_boundary(self, last: bool) -> None:
        pass

    def get_lr(self) -> list[float]:
        return [0.0]

    def get_global_grad_norm(self) -> float:
        return 0.0


@pytest.mark.parametrize("micro_batch", [16, 32])
def test_a_step_trains_on_noise_of_the_generators_scale_whatever_the_micro_batch(
    job, tmp_path, monkeypatch, micro_batch
):
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 0)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 1)
    spec = TINY.model_copy(update={"patch": 14})  # of the job's 28 x 28
    start = tmp_path / "pmf.safetensors"
    write_tensors(start, build_generator(spec, len(CLASSES), 1, 28, 0).state_dict(), {})
    params = job.params(batch=32, launch={"micro_batch": micro_batch})
    params = params.model_copy(update={"generator": spec})
    files = {k: v for k, v in job.files.items() if v is not None} | {"generator": start}
    conditions = Conditions(class_codes(len(CLASSES)))
    setting, model = train._prepare(params, **files, labels=None, conditions=conditions)
    seen: list[torch.Tensor] = []
    model.net.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach()))

    ones = torch.ones(len(setting.battery), dtype=torch.float64)
    train_step(Engine(model), setting, State(build_weighting(setting.run), ones, step=4))

    expected = 2.0 * sample_noise(setting.run.seed, 4, range(32), (1, 28, 28))
    passes = torch.cat(seen).split(32)
    assert len(passes) == (2 if micro_batch < 32 else 1)  # the second one is with a graph
    assert all(torch.equal(noise, expected) for noise in passes)
    assert model.net.pos_embed.grad.abs().max() > 0
