"""What a plan says of jobs, hours and bytes, against numbers worked out by hand."""

import copy
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from rdm_pipeline.cli import main
from rdm_pipeline.params.project import load_tree
from rdm_pipeline.plan import Costs, dry_summary
from rdm_pipeline.recipes import Job
from rdm_pipeline.workflow import Workflow
from tests.pipeline import prompts

ROOT = Path(__file__).resolve().parents[1]
DEMO = load_tree(ROOT)
RESULTS = DEMO["results"]


def job(verb: str, *outputs: str) -> Job:
    return Job(verb, [], [f"{RESULTS}/{output}" for output in outputs], f"rdm {verb} --params x")


def workflow(folder: Path, **changes: Any) -> Workflow:
    """The demo with another section `plan`."""
    tree = copy.deepcopy(DEMO)
    tree["plan"] |= {"start_seconds": 0, "gflops": 1.0, **changes}
    (folder / "params.yaml").write_text(yaml.safe_dump(tree))
    return Workflow(folder, "demo")


def test_a_run_takes_passes_of_its_generator_and_of_every_encoder_of_its_battery(tmp_path):
    networks = {name: {"gflop": 0.5, "mparams": 1.0} for name in DEMO["panels"]["demo"]}
    networks["decoder"] = {"gflop": 2.0, "mparams": 3.0}
    costs = Costs(workflow(tmp_path, networks=networks, device="gpu"))
    run = DEMO["runs"]["irdm"]
    made = job("train", "runs/irdm/generator.safetensors", "runs/irdm/history.json")
    train = costs.shares([made])["train"]
    gflop = run["steps"] * run["batch"] * (4 * 2.0 + 3 * 10 * 0.5)
    assert train.gpu_hours == pytest.approx(gflop / 3600)
    assert (train.jobs, train.cpu_hours, train.bytes) == (1, 0, 12_000_000)


def test_features_take_a_pass_and_four_bytes_a_number_whatever_the_shards(tmp_path):
    costs = Costs(workflow(tmp_path, images={"train": 20_000, "val": 900}))
    found = costs.shares(
        [job("features", f"features/fashion_mnist/{split}/sup/0.h5") for split in ("train", "val")]
    )["features"]
    assert found.bytes == 20_900 * 128 * 4
    assert found.cpu_hours == pytest.approx(20_900 * 0.0048 / 3600)
    assert found.gpu_hours == 0  # the demo computes on CPUs


def test_contexts_are_two_bytes_a_number_and_codes_four(tmp_path):
    (tmp_path / "profiles").mkdir()
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copy(prompts.PROFILE, tmp_path / "profiles")
    costs = Costs(Workflow(tmp_path, "prompts"))
    files = [f"{prompts.RESULTS}/{kind}/val.h5" for kind in ("contexts", "texts")]
    found = [costs.bytes(file) for file in files]
    # before its limits the demo has 10,000 images; contexts are of 6 tokens, codes of 10 numbers
    assert found == [10_000 * 6 * 384 * 2, 10_000 * 10 * 4]


def test_limits_bound_the_images_and_a_set_of_samples_is_as_large_as_both_metrics_need(tmp_path):
    costs = Costs(workflow(tmp_path, images={"train": 10**6, "val": 10**6}))
    shares = costs.shares(
        [
            job("images", "images/fashion_mnist/train/0.h5"),
            job("sample", "images/irdm/samples/0.h5"),
            job("gather", "images/irdm/samples.h5"),
        ]
    )
    assert shares["data"].bytes == 30_000 * (784 + 8)
    assert (shares["evaluate"].jobs, shares["evaluate"].bytes) == (2, 4096 * (784 + 8))


def test_start_and_stated_minutes_are_of_every_job_without_a_network(tmp_path):
    minutes = {"default": 1.0, "reference": 5.0}
    flow = workflow(tmp_path, start_seconds=30, minutes=minutes)
    shares = Costs(flow).shares(
        [job("reference", "references/joint/sup.h5"), job("table", "tables/table1.csv")]
    )
    assert shares["references"].cpu_hours == pytest.approx(5.5 / 60)
    assert shares["report"].cpu_hours == pytest.approx(1.5 / 60)


def test_a_network_without_a_stated_cost_is_named(tmp_path):
    networks = {"sup": {"gflop": 1, "mparams": 1}}
    told = dry_summary(
        workflow(tmp_path, networks=networks), [job("encoder", "encoders/mae.safetensors")]
    )
    assert "- not in plan.networks, so 0: mae" in told


def test_the_summary_adds_up_and_says_what_it_assumes(tmp_path):
    jobs = [
        job("images", "images/fashion_mnist/train/0.h5"),
        job("images", "images/fashion_mnist/val/0.h5"),
        job("table", "tables/table1.csv"),
    ]
    lines = dry_summary(workflow(tmp_path), jobs).splitlines()
    assert lines[0].split() == ["jobs", "GPU-hours", "CPU-hours", "disk"]
    assert [line.split()[:2] for line in lines[1:4]] == [
        ["data", "2"],
        ["report", "1"],
        ["total", "3"],
    ]
    assert lines[3].split()[-2:] == ["31.7", "MB"]
    assert any("a CPU core sustains 1 GFLOP/s" in line for line in lines[4:])


# --- the whole command --------------------------------------------------------------------------


def test_imagenets_tables_are_planned_without_data(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert main(["plan", "table1", "--profile", "imagenet"]) == 0
    rows = {
        line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines() if line
    }
    assert float(rows["train"][1]) == pytest.approx(202, abs=3)  # the paper: about 80
    assert rows["features"][3:] == ["104", "GB"]  # 1,331,167 rows of 19,520 numbers
    assert rows["total"][0] == "555"


def test_fluxs_table_2_is_planned_without_data_and_a_run_takes_what_the_paper_says(
    monkeypatch, capsys
):
    monkeypatch.chdir(ROOT)
    assert main(["plan", "table2", "--profile", "flux"]) == 0
    rows = {
        line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines() if line
    }
    # the teacher's file and two runs: 150 x 10240 images, 4 passes of 9449 GFLOP, 3 of 1897
    assert rows["train"][:2] == ["3", "168.6"]  # the paper: about 90 a run
    assert rows["data"][3:] == ["97", "GB"]  # 123,287 pictures of 786,432 bytes
    assert "renders" not in rows


def test_renders_take_a_pass_each_and_mixtures_what_was_kept():
    flow = Workflow(ROOT, "flux")
    costs, folder = Costs(flow), "results/flux"
    drawn = [f"{folder}/renders/{name}/samples.h5" for name in ("liked/63", "correct/0")]
    prompts = [82_783 - 82_783 * 63 // 64, 553 // 8]
    images = [prompts[0] * 24, prompts[1] * 128]
    assert [costs.bytes(path) for path in drawn] == [count * (786_432 + 8) for count in images]
    jobs = [Job("render", [], [path], "rdm render --params x") for path in drawn]
    share = costs.shares(jobs)["renders"]
    hours = sum(images) * 30248 / flow.project.plan.gflops / 3600 + 2 * 30 / 3600
    assert (share.jobs, share.gpu_hours) == (2, pytest.approx(hours))
    mixed = [f"{folder}/images/headline_renders/train/{shard}.h5" for shard in (8 + 63, 0)]
    kept = [prompts[0] * 3, images[1]]  # of the right ones at most all
    assert [costs.bytes(path) for path in mixed] == [count * (786_432 + 8) for count in kept]
    assert costs.prompts("headline_prompts") == 100_479
    assert costs.prompts("headline_renders") == 82_783 * 3 + 553 * 128


def test_lists_of_prompts_take_their_images_and_contexts_of_their_own_length():
    flow = Workflow(ROOT, "flux")
    costs, folder = Costs(flow), "results/flux"
    drawn = f"{folder}/pickscore/coco_val/start/samples.h5"
    assert costs.bytes(drawn) == 5000 * (786_432 + 8)
    assert costs.bytes(f"{folder}/contexts/pick_a_pic.h5") == 499 * 232 * 7680 * 2
    assert costs.bytes(f"{folder}/contexts/coco_val.h5") == 5000 * 48 * 7680 * 2
    liked = drawn.replace("samples", "preference")
    jobs = [
        Job("list_samples", [], [drawn], "rdm sample_prompts --params x"),
        Job("prompt_preference", [], [liked], "rdm prompt_preference --params x"),
    ]
    share = costs.shares(jobs)["evaluate"]
    hours = 5000 * (9449 + 335) / flow.project.plan.gflops / 3600 + 2 * 30 / 3600
    assert (share.jobs, share.gpu_hours) == (2, pytest.approx(hours))


def test_a_target_that_a_profile_does_not_declare_is_one_line(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert main(["plan", "fig5", "--profile", "imagenet"]) == 2
    told = "rdm: snakemake -n: profile imagenet: report.fig5 is not declared\n"
    assert capsys.readouterr().err == told


@pytest.mark.slow
@pytest.mark.parametrize("target", ["table1", "table3", "table6", "table7", "fig1", "fig6", "all"])
def test_a_dry_run_of_imagenet_takes_seconds(target):
    command = [sys.executable, "-m", "snakemake", "-n", "--config", "profile=imagenet"]
    before = os.times()
    subprocess.run([*command, "--", target], cwd=ROOT, check=True, capture_output=True)
    after = os.times()
    # 3 on a quiet machine, see benchmarks/plan.py; of the processor, as other tests run beside
    seconds = after.children_user + after.children_system
    assert seconds - before.children_user - before.children_system < 10


@pytest.mark.slow
def test_stated_gflop_are_those_that_torch_counts():
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from rdm_pipeline.encoders.battery import build_network

    project = Workflow(ROOT, "imagenet").project
    for name in ("convnext", "mae", "dinov2", "webssl_dino_1b"):
        network = project.encoders[name].network
        with torch.device("meta"):
            module = build_network(network, 3).eval()
            images = torch.empty(1, 3, network.resolution, network.resolution)
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            module(images)
        told = project.plan.networks[name]
        assert told.gflop == pytest.approx(counter.get_total_flops() / 1e9, rel=0.02)
        size = sum(tensor.numel() for tensor in module.state_dict().values()) / 1e6
        assert told.mparams == pytest.approx(size, rel=0.02)
