import pytest

from rdm_pipeline.params.site import Power
from rdm_pipeline.reporting.site.steps import cost, costs, named_after, steps_of
from tests.lineage.conftest import RESULTS
from tests.reporting.site.conftest import PANEL


def test_a_verb_on_real_images_and_on_samples_is_two_steps(contents):
    steps = steps_of(contents.graph)
    assert steps[f"{RESULTS}/features/real/samples/sup.h5"] == "features, real"
    assert steps[f"{RESULTS}/features/vae/samples/sup.h5"] == "features, samples"
    assert steps[f"{RESULTS}/encoders/sup.safetensors"] == "encoder"
    assert steps[f"{RESULTS}/runs/irdm/generator.safetensors"] == "train"


def test_what_is_joined_belongs_to_the_step_of_its_shards(contents):
    steps = steps_of(contents.graph)
    assert steps[f"{RESULTS}/images/data/train.h5"] == "images"
    assert steps[f"{RESULTS}/images/irdm/samples.h5"] == "sample"


def test_costs_count_jobs_not_files_and_add_up(contents):
    graph = contents.graph
    found = {one.step: one for one in costs(graph, steps_of(graph), None)}
    assert found["train"].jobs == 1  # it made two files
    assert found["images"].jobs == 4  # three shards, joined
    total = cost("all", list(graph.records.values()), None)
    assert sum(one.jobs for one in found.values()) == total.jobs
    assert sum(one.seconds for one in found.values()) == pytest.approx(total.seconds)
    assert sum(one.bytes for one in found.values()) == total.bytes


def test_energy_is_device_hours_times_the_power_of_the_device(contents):
    record = contents.graph.records[f"{RESULTS}/runs/irdm/generator.safetensors"]
    power = Power(cpu_watts=10, accelerator_watts=500, source="a test")
    on_cpu = record.model_copy(update={"device_hours": 2.0})
    on_gpu = on_cpu.model_copy(update={"device": {**record.device, "accelerator": "a GPU"}})
    assert cost("train", [on_cpu], power).watt_hours == 20
    assert cost("train", [on_gpu], power).watt_hours == 1000
    assert cost("train", [on_gpu], None).watt_hours is None


def test_artifacts_are_named_after_runs_and_encoders_by_folder_or_file(contents):
    short = {contents.graph.short(path) for path in named_after(contents.graph, "irdm")}
    assert {"runs/irdm/history.json", "metrics/irdm.json", "images/irdm/samples/0.h5"} <= short
    assert not any("vae" in name for name in short)
    evil = [contents.graph.short(path) for path in named_after(contents.graph, PANEL[1])]
    assert f"encoders/{PANEL[1]}.safetensors" in evil and len(evil) == 5
