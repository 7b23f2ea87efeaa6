"""rdm site on a small folder of results: what it reads, what it leaves, what it refuses."""

import json
from pathlib import Path

import pytest

from rdm_pipeline.cli import main
from rdm_pipeline.lineage.record import record_path
from rdm_pipeline.reporting.site.render import templates_hash
from tests.lineage.conftest import RESULTS
from tests.reporting.site.conftest import made, results  # noqa: F401


@pytest.fixture
def rdm_site(results, monkeypatch, capsys):  # noqa: F811
    """Run the verb in a copy of the results; return its exit status and what it says."""
    monkeypatch.chdir(results.parents[1])

    def run(**params) -> tuple[int, str]:
        values = {"power": None, "accepted": [], "templates": templates_hash(), **params}
        text = json.dumps({name: {"value": value} for name, value in values.items()})
        files = {
            "tables": [f"{RESULTS}/tables/table1.csv", f"{RESULTS}/tables/table1.md"],
            "figures": [f"{RESULTS}/figures/samples-irdm.png"],
            "histories": [f"{RESULTS}/runs/irdm/history.json"],
            "floors": [f"{RESULTS}/runs/irdm/floors.json"],
            "cards": [],
        }
        options = [word for name, paths in files.items() for word in (f"--{name}", *paths)]
        status = main(["site", *options, "--site", f"{RESULTS}/report", "--params", text])
        return status, capsys.readouterr().err

    return run


def listing(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def test_it_leaves_a_folder_and_a_record_and_the_same_again(rdm_site):
    assert rdm_site() == (0, "")
    first = listing(RESULTS / "report")
    assert {"index.html", "tables/table1.html", "tables/table1.csv", "style.css"} <= first.keys()
    record = json.loads(record_path(RESULTS / "report").read_text())
    assert [file["path"] for file in record["inputs"]["tables"]] == [
        f"{RESULTS}/tables/table1.csv",
        f"{RESULTS}/tables/table1.md",
    ]
    (RESULTS / "report/old.html").write_text("of an older report")
    assert rdm_site() == (0, "")
    assert listing(RESULTS / "report") == first


def test_what_was_accepted_is_told_where_it_counts(rdm_site):
    path = "artifacts/runs/irdm/generator.safetensors.html"
    code = json.loads(record_path(RESULTS / "runs/irdm/generator.safetensors").read_text())["code"]
    entry = {"verb": "train", "old": code["fingerprint"], "new": "0" * 64, "modules": ["a.py"],
             "reason": "a comment", "who": "somebody", "date": "2026-01-01"}  # fmt: skip
    assert rdm_site(accepted=[entry])[0] == 0
    pages = listing(RESULTS / "report")
    for name in (path, "numbers/metrics/irdm.json/sup.html", "cost.html"):
        assert b"a comment" in pages[name], name
    for name in (
        "artifacts/runs/vae/generator.safetensors.html",
        "numbers/metrics/vae.json/sup.html",
    ):
        assert b"a comment" not in pages[name], name


def test_faults_are_one_line_and_leave_no_folder(rdm_site):
    status, told = rdm_site(templates="0" * 64)
    assert (status, told.count("\n")) == (2, 1)
    assert "templates: the templates have changed since this was planned" in told
    record_path(RESULTS / "tables/table1.csv").unlink()
    status, told = rdm_site()
    assert status == 2
    assert told == (
        f"rdm: {RESULTS}/tables/table1.csv: no record that can be read: none beside it\n"
    )
    assert not (RESULTS / "report").exists()


def test_a_table_without_its_markdown_is_an_error(rdm_site):
    (RESULTS / "tables/table7.md").unlink()
    assert rdm_site()[0] == 0
    (RESULTS / "tables/table1.md").unlink()
    status, told = rdm_site()
    assert (status, told) == (2, f"rdm: {RESULTS}/tables/table1.md: not there; make it first\n")
