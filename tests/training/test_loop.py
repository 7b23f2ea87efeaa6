"""What a step draws, before anything is computed."""

from types import SimpleNamespace

import pytest
import torch

from rdm_pipeline.errors import RdmError
from rdm_pipeline.generators.noise import sample_labels
from rdm_pipeline.training import loop
from rdm_pipeline.training.loop import step_labels
from rdm_pipeline.training.objective import NotFinite


def test_balanced_labels_stay_balanced_over_the_batches_of_a_run(job):
    run = job.params(batch=32, labels="balanced", launch={"micro_batch": 16}).run
    batches = [step_labels(run, step, 10) for step in range(5)]
    for labels in batches:
        counts = torch.bincount(labels, minlength=10)
        assert int(counts.max() - counts.min()) <= 1
    assert torch.bincount(torch.cat(batches)).tolist() == [16] * 10


def test_uniform_labels_are_drawn_from_seed_and_step(job):
    run = job.params(labels="uniform").run
    assert torch.equal(step_labels(run, 3, 10), sample_labels(run.seed, 3, range(run.batch), 10))


def test_steps_that_are_not_finite_are_skipped_up_to_the_limit(job, monkeypatch):
    def broken(engine, setting, state):
        raise NotFinite("score or gradient of encoder a is not finite")

    class Schedule:
        steps = 0

        def step(self):
            self.steps += 1

    engine = SimpleNamespace(lr_scheduler=Schedule())
    monkeypatch.setattr(loop, "train_step", broken)
    run = job.params(launch={"skipped_steps": 2}).run
    setting = SimpleNamespace(run=run)
    state = loop.State(weighting=None, weights=torch.ones(1))
    for step in range(2):
        entry = loop._step_or_skip(engine, setting, state)
        assert (entry["step"], entry["batch"]) == (step, run.batch)
        state.history.append(entry)
        state.step += 1
    assert engine.lr_scheduler.steps == 2
    with pytest.raises(RdmError, match=r"step 2: .* 3 steps were skipped for that, allowed 2"):
        loop._step_or_skip(engine, setting, state)
