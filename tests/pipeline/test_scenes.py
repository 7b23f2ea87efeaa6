"""Table 2 on scenes, from nothing: by the exact detector and by a scorer that is a command."""

import csv
import sys
from pathlib import Path

import pytest

from rdm_pipeline.artifacts import read_arrays, read_json_lines
from rdm_pipeline.files import sha256
from tests.pipeline.conftest import copy_project, run, set_param
from tests.verbs.test_geneval import SCORER

pytestmark = pytest.mark.slow

RESULTS = "results/scenes"


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A copy of the project with few scenes and a second detector, which likes half of them."""
    folder = copy_project(tmp_path_factory.mktemp("scenes") / "project")
    script = folder / "scorer.py"
    script.write_text(SCORER)
    profile = folder / "profiles/scenes.yaml"
    command = [sys.executable, "scorer.py", "{images}", "{results}", "0", "0"]
    scorer = {"kind": "scorer", "label": "another", "command": command}
    scorer["files"] = [{"path": "scorer.py", "sha256": sha256(script)}]
    set_param(profile, "evaluation.geneval.detectors.a_second", scorer)
    set_param(profile, "evaluation.geneval.samples", 2)
    set_param(profile, "dataset.limits", {"train": 600, "val": 60})
    set_param(profile, "report.table2.rows", ["real"])
    return folder


def make(project: Path, *targets: str) -> None:
    run(
        project,
        "snakemake",
        "-c2",
        "--config",
        "profile=scenes",
        "--quiet",
        "rules",
        "--",
        *targets,
    )


def test_real_scenes_are_perfect_to_the_exact_detector_and_the_other_has_its_own_row(project):
    make(project, "table2", f"{RESULTS}/images/scenes/train/0.h5")
    with (project / RESULTS / "tables/table2.csv").open() as file:
        exact, other, *paper = csv.DictReader(file)
    assert (exact["detector"], exact["overall"], exact["held out"]) == ("exact", "1.0", "1.0")
    assert (other["detector"], other["overall"]) == ("another", "0.5")
    assert {row["generator"] for row in paper} >= {"iRDM joint", "DMD2"}
    captions = read_json_lines(project / RESULTS / "captions/train.jsonl")
    seen = {caption["prompt"] for caption in captions}
    assert float(exact["in training"]) == pytest.approx(len(seen) / 460)

    arrays, _ = read_arrays(project / RESULTS / "images/scenes/train/0.h5", "images")
    assert arrays["images"].shape == (600, 3, 32, 32)
    assert arrays["labels"].tolist() == [caption["label"] for caption in captions]
