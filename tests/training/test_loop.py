"""What a step draws, before anything is computed."""

import torch

from rdm_pipeline.generators.noise import sample_labels
from rdm_pipeline.training.loop import step_labels


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
