"""Made again: which jobs, in which folder, and when a target counts as reproduced."""

from pathlib import Path

import pytest

from rdm_pipeline.lineage.fingerprint import combined
from rdm_pipeline.lineage.graph import Graph, load_graph
from rdm_pipeline.recipes import Job
from rdm_pipeline.rerun import comparable, last_jobs, prepare, report
from tests.lineage.conftest import RESULTS, TABLE, make, make_results, rewrite

CSV, FEATURES = f"{RESULTS}/tables/table1.csv", f"{RESULTS}/features/irdm/sup.h5"
JUDGE = f"{RESULTS}/judge/irdm.json"


@pytest.fixture
def graphs(tmp_path, monkeypatch) -> tuple[Path, Path]:
    """The same results in two folders; the current one is that of the second."""
    folders = tmp_path / "here", tmp_path / "again"
    for folder in folders:
        folder.mkdir()
        monkeypatch.chdir(folder)
        make_results()
    return folders


def judged(folders: tuple[Path, Path], capsys, tolerance: float = 0.05) -> tuple[int, list[str]]:
    here, again = (load_graph(folder / RESULTS) for folder in folders)
    status = report(here, again, [JUDGE, CSV], [CSV], tolerance)
    return status, capsys.readouterr().out.splitlines()


def make_table(edited: str) -> None:
    """Make the table again as other numbers."""
    make("table", {}, {}, **{"tables/table1.csv": TABLE.replace("3,5,4,0.9", edited)})


def test_identical_bytes_are_reproduced(graphs, capsys):
    assert judged(graphs, capsys) == (
        0,
        ["2 of 2 artifacts made again have identical bytes"],
    )


def test_where_bytes_were_to_be_the_same_any_difference_is_too_much(graphs, capsys):
    here = load_graph(graphs[0] / RESULTS).records[CSV]
    make_table("3,5,4,0.9001")
    rewrite(RESULTS / "tables/table1.csv", params=here.params)
    status, told = judged(graphs, capsys, tolerance=1)
    assert (status, told) == (
        1,
        [
            "rdm table: 1 differ, most tables/table1.csv at iRDM, a run,judge: 0.9 here, 0.9001 "
            "again (0.00011 of it)",
            "1 of 2 artifacts made again have identical bytes",
            "not reproduced: same machine, versions and parameters, so bytes were to be the same",
        ],
    )


def test_other_code_is_told_and_excuses_nothing(graphs, capsys):
    code = load_graph(RESULTS).records[CSV].code.model_dump()
    make_table("3,5,4,0.9001")
    params = load_graph(graphs[0] / RESULTS).records[CSV].params
    modules = {**code["modules"], "rdm_pipeline.new": "0" * 32}
    changed = {**code, "modules": modules, "fingerprint": combined(modules)}
    rewrite(RESULTS / "tables/table1.csv", params=params, code=changed)
    status, told = judged(graphs, capsys, tolerance=1)
    assert status == 1
    assert "made otherwise: rdm table by other code: rdm_pipeline/new.py (new)" in told


@pytest.mark.parametrize(
    ("field", "change", "words"),
    [
        ("device", {"host": "elsewhere"}, "host "),
        ("device", {"accelerator": "GPU"}, "accelerator None here, GPU again"),
        ("versions", {"torch": "1.0"}, "torch "),
        ("params", {"threads": {"key": "threads", "value": 2}}, "threads: was not there, is 2"),
    ],
)
def test_elsewhere_the_target_may_differ_within_the_tolerance(graphs, capsys, field, change, words):
    make_table("3,5,4,0.9009")
    record = load_graph(graphs[0] / RESULTS).records[CSV].model_dump()
    kept = {"params": record["params"]}
    rewrite(RESULTS / "tables/table1.csv", **kept | {field: {**record[field], **change}})
    status, told = judged(graphs, capsys, tolerance=0.002)
    assert status == 0
    assert [line for line in told if line.startswith(f"made otherwise: {words}")]
    assert told[-1] == "reproduced: the target differs by 0.001 at most, allowed 0.002"
    status, told = judged(graphs, capsys, tolerance=0.0005)
    assert status == 1
    assert told[-1].startswith("not reproduced: the target differs by 0.001 at most")


def test_on_an_accelerator_bytes_may_differ_from_run_to_run(graphs, capsys):
    make_table("3,5,4,0.9009")
    for folder in graphs:
        record = load_graph(folder / RESULTS).records[CSV]
        device = {**record.device, "accelerator": "GPU"}
        params = load_graph(graphs[0] / RESULTS).records[CSV].params
        rewrite(folder / CSV, device=device, params=params)
    assert judged(graphs, capsys)[0] == 0


def test_what_was_not_made_here_is_no_match(graphs, capsys):
    (graphs[0] / CSV).unlink()
    status, told = judged(graphs, capsys)
    assert status == 1
    assert "tables/table1.csv at the file: nothing here" in told[0]


def job(name: str, inputs: list[str]) -> Job:
    return Job(name, inputs, [name], f"rdm {name}")


def test_the_last_jobs_are_those_that_nothing_reads():
    jobs = [job("a", []), job("b", ["a"]), job("c", ["a", "b"]), job("d", ["a"])]
    assert [one.rule for one in last_jobs(jobs)] == ["c", "d"]


def test_measured_hours_are_not_compared():
    command = "rdm train --trained r/g --history r/h --costs r/c --snapshots r/s 2>&1 | tee log"
    files = ["r/g", "r/h", "r/c", "r/s"]
    assert comparable(Job("train", [], files, command)) == ["r/g", "r/h", "r/s"]
    files = ["csv", "md", "tex", "png"]
    command = "rdm costs --costs r/c --csv csv --markdown md --latex tex --picture png"
    assert comparable(Job("costs", ["r/c"], files, command)) == []
    assert comparable(job("a", [])) == ["a"]


def test_the_scratch_folder_links_to_the_project_but_not_to_what_is_made(tmp_path):
    root = tmp_path / "project"
    for name in ("data", "results/tiny/banks", "logs", ".snakemake"):
        (root / name).mkdir(parents=True)
    (root / "params.yaml").touch()
    (root / "results/tiny/banks/sup.h5").touch()
    scratch = root / "scratch/deep"
    graph = Graph(Path("results/tiny"), "results/tiny", {})
    kept = [f"results/tiny/banks/{name}.h5" for name in ("sup", "deleted")]
    for _ in range(2):  # going on after an interruption
        prepare(root, scratch, graph, kept)
    links = {str(p.relative_to(scratch)) for p in scratch.rglob("*") if p.is_symlink()}
    assert links == {"data", "params.yaml", "results/tiny/banks/sup.h5"}
