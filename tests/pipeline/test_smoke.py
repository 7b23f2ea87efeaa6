"""The whole graph on a few hundred real images: made once, then looked at from all sides."""

import csv
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rdm_pipeline.artifacts import read_json
from rdm_pipeline.files import sha256
from rdm_pipeline.lineage.audit import trace
from rdm_pipeline.lineage.cells import cells_of
from rdm_pipeline.lineage.graph import load_graph
from rdm_pipeline.lineage.record import SUFFIX, record_path
from rdm_pipeline.plan import Costs
from rdm_pipeline.recipes import planned_jobs
from rdm_pipeline.workflow import Workflow
from tests.pipeline.conftest import artifacts, made_again, run, set_param

pytestmark = pytest.mark.slow

SMOKE = ("--config", "profile=smoke")
RESULTS = "results/smoke"


@pytest.fixture(scope="module")
def project(smoke) -> Path:
    """A copy of the project in which everything is made."""
    return smoke


@pytest.fixture
def edited(project) -> Iterator[Path]:
    """The project, put back as it was after a test that edits parameters or code."""
    places = [project / "profiles/smoke.yaml", *(project / "rdm_pipeline").rglob("*.py")]
    before = {path: path.read_bytes() for path in places}
    yield project
    for path, data in before.items():
        if path.read_bytes() != data:
            path.write_bytes(data)


def planned(project: Path) -> set[str]:
    """Return the files that Snakemake would make, below the results folder."""
    jobs = planned_jobs(project, *SMOKE)
    return {file.removeprefix(f"{RESULTS}/") for job in jobs for file in job.outputs}


# --- what is there ------------------------------------------------------------------------------


def test_tables_and_pictures_are_there_and_shown(project):
    shown = run(project, "rdm", "show", RESULTS)
    for picture in ("samples-real", "samples-vae", "samples-irdm", "training-irdm"):
        assert f"{RESULTS}/figures/{picture}.png" in shown
    for row in ("real (second draw)", "VAE decoder (warm start)", "iRDM"):
        assert len(re.findall(rf"\| {re.escape(row)} +\|", shown)) == 2


def test_every_artifact_has_a_record_with_its_hash_and_those_of_its_inputs(project):
    for job in planned_jobs(project, *SMOKE, "--forceall"):
        for output in job.outputs:
            record = read_json(record_path(project / output))
            assert record["artifact"]["path"] == output
            made_from = [file for files in record["inputs"].values() for file in files]
            assert sorted(file["path"] for file in made_from) == sorted(job.inputs)
            for file in (record["artifact"], *made_from):
                if (project / file["path"]).is_file():
                    assert file["sha256"] == sha256(project / file["path"])


def test_records_of_a_folder_and_of_what_reads_it_agree(project):
    made = read_json(project / f"{RESULTS}/raw/fashion_mnist{SUFFIX}")["artifact"]
    read = read_json(project / f"{RESULTS}/images/fashion_mnist/train/0.h5{SUFFIX}")
    assert read["inputs"]["raw"] == [made]


def test_no_artifact_names_this_machine_or_leaves_a_partial_file(project):
    names = [str(project).encode(), b"/tmp/", b".partial"]
    for file in artifacts(project / RESULTS):
        data = (project / RESULTS / file).read_bytes()
        assert not [name for name in names if name in data], file
        assert not file.endswith(".partial")


# --- the same bytes -----------------------------------------------------------------------------


def test_everything_made_again_in_another_folder_and_one_process_has_the_same_bytes(project):
    jobs = planned_jobs(project, *SMOKE, "--forceall")
    second = made_again(project, [job.command for job in jobs], RESULTS, "results/again")
    first = artifacts(project / RESULTS)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


# --- what runs again ----------------------------------------------------------------------------

TABLES = {f"tables/table{n}.{kind}" for n in (1, 7) for kind in ("csv", "md", "tex")}
PANEL = ("sup", "random", "pixels")
SAMPLES_OF_RUN = {
    *("images/irdm/samples/0.h5", "images/irdm/samples.h5", "figures/samples-irdm.png"),
    *(f"features/irdm/samples/{name}/0.h5" for name in (*PANEL, "judge")),
    *(f"features/irdm/samples/{name}.h5" for name in (*PANEL, "judge")),
    *("metrics/irdm.json", "judge/irdm.json"),
    *TABLES,
}
RUN = {
    *(f"runs/irdm/{name}" for name in ("generator.safetensors", "history.json", "costs.json")),
    *("runs/irdm/snapshots", "figures/training-irdm.png"),
    *SAMPLES_OF_RUN,
}
METRICS = {"metrics/real.json", "metrics/vae.json", "metrics/irdm.json"}
BANKS = {f"banks/{name}.h5" for name in PANEL}


def test_running_again_does_nothing(project):
    assert planned(project) == set()
    printed = run(project, "snakemake", "-c2", *SMOKE, "--", "all")
    assert "Nothing to be done" in printed


@pytest.mark.parametrize(
    ("key", "value", "remade"),
    [
        ("evaluation.bank.directions", 32, BANKS | METRICS | TABLES),
        (
            "report.grid.columns",
            4,
            {f"figures/samples-{row}.png" for row in ("real", "vae", "irdm")},
        ),
        ("runs.irdm.optimizer.warmup_steps", 1, RUN),
    ],
)
def test_a_changed_parameter_re_makes_what_reads_it_and_what_follows(edited, key, value, remade):
    set_param(edited / "profiles/smoke.yaml", key, value)
    assert planned(edited) == remade


FLOORS = {"runs/irdm/floors.json", *(f"references/joint/{name}.h5" for name in ("sup", "random"))}


@pytest.mark.parametrize(
    ("module", "remade"),
    [
        ("reporting/tables.py", TABLES),
        ("reference/bank.py", BANKS | METRICS | TABLES),
        ("discrepancies/nystrom.py", FLOORS | RUN),
    ],
)
def test_a_changed_module_re_makes_what_reaches_it_and_what_follows(edited, module, remade):
    file = edited / "rdm_pipeline" / module
    file.write_text(file.read_text() + "\nEXTRA = 1\n")
    assert planned(edited) == remade


def test_comments_and_docstrings_re_make_nothing(edited):
    for file in (edited / "rdm_pipeline").rglob("*.py"):
        file.write_text(file.read_text().replace('"""', '"""Also: ', 1) + "\n# a comment\n")
    assert planned(edited) == set()


def test_a_deleted_artifact_is_made_again_with_the_same_bytes(project):
    table = project / f"{RESULTS}/tables/table1.csv"
    before = table.read_bytes()
    table.unlink()
    run(project, "snakemake", "-c2", *SMOKE, "--quiet", "rules", "--", "all")
    assert table.read_bytes() == before
    assert planned(project) == set()


# --- reports and mistakes -----------------------------------------------------------------------


def test_snakemake_can_report_on_what_was_made(project):
    run(project, "snakemake", *SMOKE, "--report", "report.html")
    report = (project / "report.html").read_text()
    assert "warm_start" in report


def refused(project: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "-n", *arguments],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode
    assert "Traceback" not in done.stdout
    return done.stdout


def test_mistakes_on_the_command_line_and_in_a_profile_are_told_by_snakemake(edited):
    told = refused(edited, "--config", "profile=smok")
    assert re.search(r"profile: found 'smok', allowed: demo, .*smoke", told)
    assert "--config: found profil, allowed: profile" in refused(edited, "--config", "profil=smoke")
    set_param(edited / "profiles/smoke.yaml", "runs.irdm.steps", "6e0")
    message = "profile smoke: runs.irdm.steps: found '6e0', allowed: a valid integer"
    assert message in refused(edited, *SMOKE)


# --- experiments --------------------------------------------------------------------------------


def test_every_ablation_is_a_target(project):
    run(project, "snakemake", "-c2", *SMOKE, "--quiet", "rules", "--", "ablations")
    for table in ("table3", "table4", "table6", "beyond", "fig5"):
        assert (project / RESULTS / f"tables/{table}.md").exists()
    for picture in ("fig4", "fig5", "samples-alone_sup_s0"):
        assert (project / RESULTS / f"figures/{picture}.png").exists()


def test_preference_is_a_target_and_its_pairs_are_of_one_noise(project):
    run(project, "snakemake", "-c2", *SMOKE, "--quiet", "rules", "--", "fig6")
    with (project / RESULTS / "tables/fig6.csv").open() as file:
        same = {row["iRDM against"]: row["same"] for row in csv.DictReader(file)}
    assert same["VAE decoder (warm start)"] == "noise and class"
    assert same["real (second draw)"] == "class"
    assert (project / RESULTS / "figures/fig6.png").exists()


def test_scores_over_device_hours_are_a_target_with_a_row_per_snapshot(project):
    run(project, "snakemake", "-c2", *SMOKE, "--quiet", "rules", "--", "fig1")
    with (project / RESULTS / "tables/fig1.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["run"] for row in rows] == [f"iRDM, step {step}" for step in (0, 2, 4, 6)]
    hours = [float(row["device-hours"]) for row in rows]
    assert hours == sorted(set(hours)) and hours[0] == 0
    # both ends are the generators that table 1 has
    for row, name in ((rows[0], "vae"), (rows[3], "irdm")):
        scores = read_json(project / RESULTS / f"metrics/{name}.json")
        assert float(row["SW_r3"]) == pytest.approx(scores["sw_mean"])
    assert len({row["SW_r3"] for row in rows}) == 4
    assert (project / RESULTS / "figures/fig1.png").exists()


def test_every_number_and_every_picture_goes_back_to_raw_data(project):
    targets = ("all", "ablations", "fig1", "fig6")
    run(project, "snakemake", "-c2", *SMOKE, "--quiet", "rules", "--", *targets)
    graph = load_graph(project / RESULTS)
    raw = f"{RESULTS}/raw/fashion_mnist"
    for path in graph.records:
        if "/figures/" in path:
            assert raw in trace(graph, path, None).inputs
        if "/tables/" in path and path.endswith(".csv"):
            for cell in cells_of(graph, path):
                chain = trace(graph, path, cell)
                assert (raw in chain.inputs) is bool(cell.source.inputs)
                assert chain.inputs.keys() == chain.records.keys()


def test_a_plan_says_the_bytes_of_the_files_that_are_made(project):
    costs, jobs = Costs(Workflow(project, "smoke")), planned_jobs(project, *SMOKE, "--forceall")
    for name, least in (("features", 18), ("images", 4), ("encoders", 3), ("references", 2)):
        files = [file for job in jobs for file in job.outputs if f"{RESULTS}/{name}/" in file]
        files = [file for file in files if costs.bytes(file) > 10_000]
        assert len(files) >= least, name
        for file in files:
            # names and attributes of an HDF5 file, the header of a safetensors file
            overhead = (project / file).stat().st_size - costs.bytes(file)
            assert -0.02 * costs.bytes(file) <= overhead <= 8192 + 0.02 * costs.bytes(file), file


def test_a_profile_without_an_experiment_says_so(project):
    told = subprocess.run(
        ["snakemake", "-n", "--config", "profile=imagenet", "--", "table4"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert told.returncode != 0
    assert "profile imagenet: report.comparisons.table4 is not declared" in told.stdout
