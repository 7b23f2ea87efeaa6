"""A run on disk: resumed, spread over ranks, and refused when its input does not fit."""

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
import torch

from rdm_pipeline.artifacts import read_json, read_tensors, write_json, write_tensors
from rdm_pipeline.cli import _listed
from rdm_pipeline.errors import RdmError
from rdm_pipeline.training import loop
from rdm_pipeline.training.objective import NotFinite
from rdm_pipeline.verbs import train
from tests.training.conftest import ROOT, Job

pytestmark = pytest.mark.slow


LAUNCHER = """
import sys
from rdm_pipeline.verbs import train
paths = train._as_paths(eval(sys.argv[2]))
train.run(train.Params.model_validate_json(sys.argv[1]), **paths)
"""


def result(job: Job, name: str) -> tuple[dict, list]:
    files = job.outputs(name)
    return read_tensors(files["trained"])[0], read_json(files["history"])


def in_own_process(job: Job, name: str, params: train.Params) -> subprocess.Popen:
    """Start a run as the launcher starts one rank: alone in its process."""
    file = job.folder / f"{name}.json"
    paths = train._as_text({**job.files, **job.outputs(name)})
    write_json(file, {"params": params.model_dump(), "paths": paths})
    command = [sys.executable, "-m", "rdm_pipeline.verbs.train", str(file)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def straight(job: Job) -> tuple[dict, list]:
    """The run that nothing interrupts, on one rank."""
    train.run(job.params(), **job.files, **job.outputs("straight"))
    return result(job, "straight")


def test_a_run_changes_the_generator_and_tells_every_step(job, straight):
    weights, history = straight
    start, _ = read_tensors(job.files["generator"])
    assert [entry["step"] for entry in history] == list(range(6))
    assert set(history[0]["scores"]) == set(history[0]["weights"]) == {"random", "pixels"}
    assert all(weights[name].shape == start[name].shape for name in start)
    assert any(not torch.equal(weights[name], start[name]) for name in start)


def test_snapshots_are_the_generator_on_its_way_and_change_nothing(job, straight):
    weights, _ = straight
    start, _ = read_tensors(job.files["generator"])
    folder = job.outputs("straight")["snapshots"]
    assert sorted(path.name for path in folder.iterdir()) == ["2.safetensors", "4.safetensors"]
    way = [start, *(read_tensors(folder / f"{step}.safetensors")[0] for step in (2, 4)), weights]
    for earlier, later in itertools.pairwise(way):
        assert earlier.keys() == later.keys()
        assert any(not torch.equal(earlier[name], later[name]) for name in earlier)
    train.run(job.params(snapshots=[]), **job.files, **job.outputs("unkept"))
    assert_bytes_equal(job, "unkept", "straight")
    assert list(job.outputs("unkept")["snapshots"].iterdir()) == []


def assert_bytes_equal(job: Job, name: str, other: str) -> None:
    for key in ("trained", "history"):
        assert job.outputs(name)[key].read_bytes() == job.outputs(other)[key].read_bytes()


def test_costs_tell_hours_and_images_at_each_snapshot_and_at_the_end(job, straight):
    told = read_json(job.outputs("straight")["costs"])
    reached = told["reached"]
    assert [(entry["step"], entry["images"]) for entry in reached] == [(2, 128), (4, 256), (6, 384)]
    hours = [entry["device_hours"] for entry in reached]
    assert hours == sorted(set(hours)) and hours[0] > 0 and hours[-1] < 0.1
    assert told["device"]


def test_no_checkpoint_is_left_behind(job, straight):
    assert not (job.outputs("straight")["trained"].parent / "checkpoints").exists()


def test_a_killed_run_resumes_and_ends_with_the_same_bytes(job, straight):
    params, files = job.params(), job.outputs("killed")
    checkpoints = files["trained"].parent / "checkpoints"
    process = in_own_process(job, "killed", params)
    deadline = time.monotonic() + 120
    while not list(checkpoints.glob("*/latest")):
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()[1]
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not files["trained"].exists(), "killed too late to show anything"
    (ledger,) = checkpoints.glob("*/costs.json")
    hours_of_the_killed = read_json(ledger)["device_hours"]
    assert hours_of_the_killed > 0
    resumed = in_own_process(job, "killed", params)
    _, log = resumed.communicate(timeout=120)
    assert resumed.returncode == 0, log
    assert re.search(r"resumes at step [246]", log)
    assert_bytes_equal(job, "killed", "straight")
    for step in (2, 4):
        folders = (job.outputs(name)["snapshots"] for name in ("killed", "straight"))
        kept, other = ((folder / f"{step}.safetensors").read_bytes() for folder in folders)
        assert kept == other
    assert read_json(files["costs"])["reached"][-1]["device_hours"] > hours_of_the_killed


def test_a_lost_rank_ends_in_a_new_start_and_the_same_bytes(job, capfd):
    params = job.params(launch={"ranks": 2, "checkpoint_every": 1})
    train.run(params, **job.files, **job.outputs("kept"))
    files = job.outputs("lost")
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(train.run, params, **job.files, **files)
        deadline = time.monotonic() + 120
        while not list((files["trained"].parent / "checkpoints").glob("*/latest")):
            assert not run.done() and time.monotonic() < deadline, capfd.readouterr().err
            time.sleep(0.005)
        ranks_of(os.getpid())[-1].kill()
        run.result()
    assert "one of 2 ranks was lost, all start again" in capfd.readouterr().err
    assert_bytes_equal(job, "lost", "kept")


def test_no_rank_outlives_a_launcher_that_was_killed(job):
    params, files = job.params(launch={"ranks": 2, "checkpoint_every": 1}), job.outputs("orphans")
    paths = train._as_text({**job.files, **files})
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, params.model_dump_json(), repr(paths)]
    )
    deadline = time.monotonic() + 120
    while not list((files["trained"].parent / "checkpoints").glob("*/latest")):
        assert launcher.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)
    below = psutil.Process(launcher.pid).children(recursive=True)
    assert len(below) >= 3  # torchrun and its ranks
    launcher.kill()
    launcher.wait()
    _, alive = psutil.wait_procs(below, timeout=60)
    assert not alive
    assert not files["trained"].exists(), "killed too late to show anything"


def ranks_of(launcher: int) -> list[psutil.Process]:
    below = psutil.Process(launcher).children(recursive=True)
    module = "rdm_pipeline.verbs.train"
    return [
        p for p in below if module in p.cmdline() and "torch.distributed.run" not in p.cmdline()
    ]


@pytest.mark.parametrize(
    "launch",
    [
        {"ranks": 2, "zero_stage": 1},
        {"ranks": 2, "zero_stage": 2, "offload": "cpu"},
        {"ranks": 2, "zero_stage": 3},
        {"ranks": 4, "micro_batch": 8},
        {"micro_batch": 16},
        {"micro_batch": 64},
    ],
    ids=lambda launch: "-".join(map(str, launch.values())),
)
def test_ranks_stage_and_micro_batch_change_a_run_by_rounding_only(job, straight, launch):
    name = "-".join(map(str, launch.values()))
    train.run(job.params(launch=launch), **job.files, **job.outputs(name))
    assert_same(result(job, name), straight)


def assert_same(found: tuple[dict, list], expected: tuple[dict, list]) -> None:
    for mine, other in zip(found[1], expected[1], strict=True):
        assert mine["scores"] == pytest.approx(other["scores"], rel=1e-4)
        assert mine["gradient_norm"] == pytest.approx(other["gradient_norm"], rel=1e-3)
    for key, value in expected[0].items():
        difference = found[0][key] - value
        # where a gradient is near Adam's epsilon, rounding moves single numbers by more
        assert (difference.abs() > 2e-4).float().mean() < 1e-4, key
        assert difference.norm() <= 5e-4 * value.norm(), key


def test_half_precision_trains_the_generator_and_keeps_float32_weights(job, straight):
    params = job.params(launch={"precision": "bfloat16"})
    train.run(params, **job.files, **job.outputs("half"))
    weights, history = result(job, "half")
    assert {value.dtype for value in weights.values()} == {torch.float32}
    for mine, other in zip(history, straight[1], strict=True):
        assert mine["scores"] == pytest.approx(other["scores"], rel=0.05)
    rounded = [torch.equal(value, value.bfloat16().float()) for value in weights.values()]
    assert not all(rounded), "the optimizer's float32 weights, not what the generator computes in"


def test_the_monitor_tells_every_step_once_with_its_cost(job, straight):
    lines = (job.outputs("straight")["monitor"] / "steps.jsonl").read_text().splitlines()
    told = [json.loads(line) for line in lines]
    assert [line["step"] for line in told] == list(range(6))
    assert [line["scores"] for line in told] == [entry["scores"] for entry in straight[1]]
    assert all(line["images_per_second"] > 0 and line["peak_memory_gb"] > 0 for line in told)
    hours = [line["device_hours"] for line in told]
    assert hours == sorted(hours)


def test_a_step_that_is_not_finite_changes_nothing_but_its_entry(job, straight, monkeypatch):
    honest = loop.battery_gradients

    def once_broken(features, batch, *rest):
        if batch.step == 2:
            raise NotFinite("score of encoder pixels not finite")
        return honest(features, batch, *rest)

    monkeypatch.setattr(loop, "battery_gradients", once_broken)
    train.run(job.params(), **job.files, **job.outputs("skipped"))
    _, history = result(job, "skipped")
    assert [entry["step"] for entry in history] == list(range(6))
    assert history[2] == {"step": 2, "batch": 64, "skipped": "score of encoder pixels not finite"}
    assert history[:2] == straight[1][:2]
    rates = [entry.get("learning_rate") for entry in history]
    expected = [entry["learning_rate"] for entry in straight[1]]
    assert rates[3:] == expected[3:], "the schedule is of the run's steps, made or skipped"


def test_a_generator_gradient_that_is_not_finite_is_a_skipped_step_too(job, monkeypatch):
    honest = loop.battery_gradients

    def once_infinite(features, batch, *rest):
        scores, gradients = honest(features, batch, *rest)
        if batch.step == 1:
            gradients = {name: gradient * torch.inf for name, gradient in gradients.items()}
        return scores, gradients

    monkeypatch.setattr(loop, "battery_gradients", once_infinite)
    train.run(job.params(), **job.files, **job.outputs("infinite"))
    weights, history = result(job, "infinite")
    assert [entry["step"] for entry in history if "skipped" in entry] == [1]
    assert all(value.isfinite().all() for value in weights.values())


def test_a_batch_that_grows_within_the_run_is_the_same_on_one_rank_and_two(job):
    stages = [{"steps": 3, "batch": 32}, {"steps": 3, "batch": 64}]
    results = []
    for name, launch in (("grown", {}), ("grown-two", {"ranks": 2})):
        launch = {"micro_batch": 16, **launch, "zero_stage": 1}
        train.run(job.params(batch=stages, launch=launch), **job.files, **job.outputs(name))
        results.append(result(job, name))
    assert [entry["batch"] for entry in results[0][1]] == [32] * 3 + [64] * 3
    assert_same(*results)


def test_stages_must_add_up_to_the_steps(job):
    with pytest.raises(ValueError, match="stages of 5 steps, allowed: steps = 6"):
        job.params(batch=[{"steps": 5, "batch": 32}])


@pytest.mark.parametrize(
    "discrepancy",
    [
        {"kind": "mmd_exact"},
        {"kind": "mmd_rff", "features": 64, "seed": 0},
        {"kind": "frechet"},
        {"kind": "sliced_wasserstein", "directions": 16},
        {"kind": "drifting", "temperatures": [0.2, 0.05]},
    ],
    ids=lambda spec: spec["kind"],
)
def test_every_discrepancy_trains(job, discrepancy):
    files = {**job.files, "features": job.seen, "train_images": job.files["images"]}
    name = discrepancy["kind"]
    params = job.params(discrepancy=discrepancy, weighting="uniform")
    train.run(params, **files, **job.outputs(name))
    weights, history = result(job, name)
    assert len(history) == 6 and history[0]["gradient_norm"] > 0
    start, _ = read_tensors(job.files["generator"])
    assert any(not torch.equal(weights[key], start[key]) for key in start)


def test_a_discrepancy_that_needs_real_features_says_so_without_them(job):
    params = job.params(discrepancy={"kind": "frechet"})
    with pytest.raises(RdmError, match="discrepancy frechet: no features of training images"):
        train.run(params, **job.files, **job.outputs("without"))


def test_a_batch_that_does_not_divide_is_refused_with_the_numbers(job):
    with pytest.raises(ValueError, match=r"found 64, allowed: a multiple .* 2 x 24 = 48"):
        job.params(launch={"ranks": 2, "micro_batch": 24})


def test_a_nan_in_the_loss_ends_the_run_and_leaves_nothing(job, tmp_path):
    weights, _ = read_tensors(job.files["generator"])
    name = next(iter(weights))
    broken = tmp_path / "broken.safetensors"
    write_tensors(broken, {**weights, name: weights[name] * float("nan")}, {})
    files = job.outputs("nan")
    with pytest.raises(
        RdmError, match=r"step 3: features of .* not finite; 4 steps were skipped .* allowed 3"
    ):
        train.run(job.params(), **{**job.files, "generator": broken}, **files)
    assert not files["trained"].exists() and not files["history"].exists()


def test_a_warm_start_of_another_architecture_is_refused(job, tmp_path):
    other = tmp_path / "other.safetensors"
    write_tensors(other, {"head.weight": torch.zeros(2, 2)}, {})
    with pytest.raises(RdmError, match=r"other\.safetensors.*head\.weight"):
        train.run(job.params(), **{**job.files, "generator": other}, **job.outputs("other"))


def test_parameters_decide_which_checkpoint_is_taken_up(job):
    files = [path for value in job.files.values() for path in _listed(value)]
    first = train.identity(job.params(), files)
    assert first == train.identity(job.params(launch={"checkpoint_every": 1}), files)
    ranks = [train.identity(job.params(launch={"ranks": 2, "nodes": n}), files) for n in (1, 2)]
    assert ranks[0] == ranks[1] != first
    assert first != train.identity(job.params(seed=1), files)
    assert first != train.identity(job.params(), files[:-1])
