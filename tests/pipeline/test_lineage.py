"""Audit, verify, explain and accept on the whole graph as Snakemake makes it."""

import csv
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rdm_pipeline.catalog import VERBS
from rdm_pipeline.files import sha256
from rdm_pipeline.lineage.graph import load_graph
from rdm_pipeline.lineage.record import SUFFIX, record_path
from rdm_pipeline.lineage.verify import Here, verify
from rdm_pipeline.recipes import planned_jobs
from tests.lineage.conftest import rewrite
from tests.pipeline.conftest import PROJECT, edit, git, run, set_param

pytestmark = pytest.mark.slow

RESULTS = Path("results/smoke")
RDM = ("python", "-m", "rdm_pipeline.cli")


@pytest.fixture(scope="module")
def original(smoke, tmp_path_factory) -> Path:
    """What `all` made, with what Snakemake knows of it, at another place and without git."""
    folder = tmp_path_factory.mktemp("copied") / "project"
    for name in (*PROJECT, ".snakemake", str(RESULTS)):
        copy = shutil.copytree if (smoke / name).is_dir() else shutil.copy2
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        copy(smoke / name, folder / name)
    shutil.rmtree(folder / ".snakemake/locks", ignore_errors=True)
    return folder


@pytest.fixture
def project(original, tmp_path) -> Path:
    """A copy for one test; times are kept."""
    return Path(shutil.copytree(original, tmp_path / "project"))


def rdm(project: Path, *arguments: str) -> str:
    return run(project, *RDM, *arguments, "--profile", "smoke")


def differs(project: Path, *arguments: str) -> str:
    """Ask what must end with 1; return the answer."""
    command = [*RDM, *arguments, "--profile", "smoke"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    return done.stdout


def planned(project: Path) -> set[str]:
    jobs = planned_jobs(project, "--config", "profile=smoke")
    return {job.rule for job in jobs}


# --- nothing has changed ------------------------------------------------------------------------


def test_an_untouched_copy_gives_no_finding_and_a_commit_changes_nothing(project):
    assert rdm(project, "verify").endswith("hashed again: no finding\n")
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "all")
    assert rdm(project, "verify").endswith("hashed again: no finding\n")
    assert rdm(project, "explain", "all") == "nothing would run\n"


# --- audit --------------------------------------------------------------------------------------


def test_a_cell_is_audited_without_git_params_or_snakefile(project, tmp_path):
    told = rdm(project, "audit", "tables/table1", "--cell", "iRDM,SW_r3")
    printed = (project / RESULTS / "tables/table1.csv").read_text().splitlines()
    row = next(line for line in printed if line.startswith("iRDM,"))
    value = re.match(r"tables/table1.csv: iRDM, SW_r3 = (\S+)", told)
    assert value and value[1] in row.split(",")
    for word in ("rdm train", "runs.irdm = {", "runs.irdm.seed 0", "train-images-idx3-ubyte"):
        assert word in told
    alone = Path(shutil.copytree(project / RESULTS, tmp_path / "numbers"))
    options = ("audit", "tables/table1", "--cell", "iRDM,SW_r3", "--results", str(alone))
    assert run(project, *RDM, *options) == told


# --- verify -------------------------------------------------------------------------------------


def test_one_flipped_bit_is_found_in_an_artifact_of_every_verb(project):
    before = load_graph(project / RESULTS)
    of_verb = {(r.verb, Path(path).suffix): path for path, r in before.records.items()}
    assert {verb for verb, _ in of_verb} > {"fetch", "images", "gather", "train", "table", "grid"}
    for path in of_verb.values():
        place = project / path
        file = next(place.glob("[!.]*")) if place.is_dir() else place
        data = file.read_bytes()
        file.write_bytes(bytes([data[0] ^ 1]) + data[1:])
        found = verify(before, {path}, Here(None, [], frozenset(VERBS)))
        assert ("edited file", path) in {(finding.kind, finding.path) for finding in found}
        file.write_bytes(data)


def test_an_edited_cell_and_a_deleted_record_are_told(project):
    table = project / RESULTS / "tables/table1.csv"
    table.write_text(table.read_text().replace("0.", "1.", 1))
    record_path(project / RESULTS / "banks/sup.h5").unlink()
    told = differs(project, "verify")
    assert re.search(r"edited file: tables/table1.csv: .*\n +touches tables/table1 \(all\)\n", told)
    assert "deleted record: banks/sup.h5: the file is there, its record is gone" in told
    assert "iRDM: sup, SW_r3, training mean" in told


def test_what_params_yaml_decides_is_compared_too(project):
    profile = project / "profiles/smoke.yaml"
    set_param(profile, "runs.irdm.steps", 7)
    set_param(profile, "runs.irdm.battery", ["sup"])
    told = differs(project, "verify")
    assert re.search("changed parameter: .*runs/irdm/generator.safetensors, .*: runs.irdm", told)
    assert "runs.irdm.steps: was 6, is 7" in told
    assert 'battery: was ["sup", "random"], is ["sup"]' in told
    assert "its input references/joint/random.h5: was read, is no more" in told
    assert "foreign file: references/joint/random.h5: the workflow neither makes nor needs" in told


# --- explain and accept -------------------------------------------------------------------------


def test_explain_tells_each_kind_of_reason(project):
    set_param(project / "profiles/smoke.yaml", "report.grid.columns", 4)
    code = project / "rdm_pipeline/reporting/scores.py"
    code.write_text(code.read_text() + "\nEXTRA = 1\n")
    (project / RESULTS / "cards/sup.json").unlink()
    told = rdm(project, "explain", "all")
    assert "grid: figures/samples-irdm.png\n  parameter report.grid.columns: was 8, is 4\n" in told
    assert "\n  code rdm_pipeline/reporting/scores.py: changed\n" in told
    assert "card: cards/sup.json\n  cards/sup.json: missing\n" in told
    assert (
        "6 jobs would run\nif the code makes what it made before: rdm accept table --reason" in told
    )


def test_an_accepted_change_of_code_re_runs_nothing_until_the_next(project):
    why = "EXTRA is read by nothing"
    with pytest.raises(AssertionError, match="so there is nothing to accept"):
        rdm(project, "accept", "train", "--reason", why)
    assert json.loads((project / "accepted.json").read_text()) == []

    code = project / "rdm_pipeline/training/weighting.py"
    code.write_text(code.read_text() + "\nEXTRA = 1\n")
    assert "code rdm_pipeline/training/weighting.py: changed" in rdm(project, "explain", "all")
    assert why in rdm(project, "accept", "train", "--reason", why)
    assert rdm(project, "explain", "all") == "nothing would run\n"
    (entry,) = json.loads((project / "accepted.json").read_text())
    assert (entry["verb"], entry["modules"]) == ("train", ["rdm_pipeline/training/weighting.py"])
    for told in (rdm(project, "verify"), rdm(project, "audit", "runs/irdm/generator")):
        assert f"accepted: train made by code {entry['old'][:16]} stands for" in told
        assert why in " ".join(told.split())

    edit(code, "EXTRA = 1", "EXTRA = 2")
    assert "train" in planned(project)
    assert "changed code: " in differs(project, "verify")


def test_every_file_that_was_made_has_a_record(original):
    graph = load_graph(original / RESULTS)
    assert not graph.faults
    assert len(graph.records) == len(list((original / RESULTS).rglob(f"*{SUFFIX}")))


# --- made again ---------------------------------------------------------------------------------


def test_a_picture_made_again_from_raw_data_has_the_same_bytes(project):
    told = rdm(project, "rerun", "samples-real", "--compare")
    assert told.endswith("\n3 of 3 artifacts made again have identical bytes\n")


def test_a_forged_number_is_not_reproduced_though_all_records_agree_with_it(project, tmp_path):
    table = project / RESULTS / "tables/table1.csv"
    header, *rows = csv.reader(table.read_text().splitlines())
    place = header.index("SW_r3")
    forged = [[*row[:place], "1.01", *row[place + 1 :]] for row in rows]
    with table.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *forged])
    for end in ("csv", "md", "tex"):
        record = json.loads(record_path(table.with_suffix(f".{end}")).read_text())
        for told in (record["artifact"], *record["outputs"]):
            if told["path"].endswith(".csv"):
                told.update(sha256=sha256(table), bytes=table.stat().st_size)
        rewrite(table.with_suffix(f".{end}"), **record)
    assert rdm(project, "verify").endswith("no finding\n")

    folder = tmp_path / "again"
    told = differs(project, "rerun", "table1", "--last", "--compare", "--folder", str(folder))
    assert (folder / RESULTS / "tables/table1.csv").read_text() != table.read_text()
    assert re.search(r"most tables/table1.csv at \w+.*,SW_r3: 1.01 here, \S+ again", told)
    assert "2 of 3 artifacts made again have identical bytes" in told
