"""Cells of every table: each depends on exactly those inputs whose numbers change it."""

import csv
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rdm_pipeline.artifacts import write_arrays, write_json
from rdm_pipeline.catalog import VERBS
from rdm_pipeline.cli import main
from rdm_pipeline.lineage.cells import SOURCES, cells_of, find_cell, inputs_for
from rdm_pipeline.lineage.graph import load_graph
from rdm_pipeline.lineage.record import start, write_records
from rdm_pipeline.params.project import load_tree, parse
from rdm_pipeline.recipes import Job, options, planned_jobs
from tests.lineage.conftest import RESULTS, make
from tests.pipeline.conftest import ROOT

PANEL = ["sup", "random", "pixels"]
TABLES = (
    *("table1", "table7", "table3", "table4", "table6", "beyond", "fig1", "fig5", "fig6"),
    *("fig3", "fig4_spiral", "table4_spiral", "table2", "table2_seeds"),
)


def test_every_verb_that_makes_a_table_says_what_its_cells_depend_on():
    assert {name for name, verb in VERBS.items() if "csv" in verb.outputs} == set(SOURCES)


@pytest.fixture(scope="module")
def jobs() -> dict[str, Job]:
    """What makes each table of the profile smoke, and those of GenEval."""
    anew = ("--forceall", "--ignore-incomplete", "--config")
    targets = ("--", "all", "ablations", "fig1", "fig6", "studies")
    found = planned_jobs(ROOT, *anew, "profile=smoke", *targets)
    found += planned_jobs(ROOT, *anew, "profile=scenes", "--", "table2", "table2_seeds")
    named = {Path(path): job for job in found for path in job.outputs}
    return {path.stem: job for path, job in named.items() if path.suffix == ".csv"}


def test_these_are_all_tables(jobs):
    assert set(jobs) == set(TABLES)


# --- inputs that say something ------------------------------------------------------------------


def write_input(path: Path, times: float = 1.0, encoder: str | None = None) -> None:
    """Write numbers that only this path has, those by `encoder` (None: all) times a factor."""
    rng = np.random.default_rng(list(path.as_posix().encode()))
    of = {name: float(rng.uniform(1, 2)) for name in PANEL}
    of = {name: x * (times if encoder in (None, name) else 1) for name, x in of.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    match path.parts[2:]:
        case ("preference", _):
            write_preference(path, rng.normal(size=40) + times)
        case ("spiral", discrepancy, batch, seed):
            told = {"discrepancy": discrepancy, "batch": int(batch), "seed": int(seed[:-5])}
            scores = {"recall": of["sup"] / 4, "med_dist": of["random"]}
            write_json(path, {**told, **scores})
            params = {key: {"value": value} for key, value in told.items()}
            write_records(start("spiral"), params, {}, [path])
        case parts:
            write_json(path, of_kind(parts, of))


def write_preference(path: Path, scores: np.ndarray) -> None:
    arrays = {"scores": scores.astype("float32"), "labels": np.zeros(40, "int64")}
    write_arrays(path, "preference", arrays, {"classes": "[]", "model": "tiny"})


def of_kind(parts: tuple[str, ...], of: dict[str, float]) -> Any:
    """Return what the artifact of a kind would hold, made from one number per encoder."""
    mean = sum(of.values()) / len(of)
    return {
        "metrics": {"sw": of, "mmd": of, "sw_mean": mean, "mmd_mean": mean},
        "judge": {"accuracy": mean},
        "neutral": {"energy": mean, "polynomial": mean},
        "geneval": {
            "all": {"tasks": {"colors": of["sup"], "counting": of["random"]}, "overall": mean},
            "held_out": {"overall": of["pixels"]},
            "contamination": mean,
        },
        "costs.json": {
            "device": "CPU",
            "reached": [
                {"step": step, "images": step * 64, "device_hours": step * of["sup"]}
                for step in (2, 4, 6)
            ],
        },
        "history.json": [{"scores": of, "batch": 64}] * 3,
        "floors.json": {"64": {name: {"mean": x, "spread": 0.1} for name, x in of.items()}},
    }[parts[-1] if parts[0] == "runs" else parts[0]]


def printed(job: Job) -> dict[tuple[str, str], str]:
    """Make a table; return its cells by row and column."""
    assert main(shlex.split(job.command.partition(" 2>&1")[0])[1:]) == 0
    with Path(options(job)["csv"][0]).open() as file:
        header, *rows = csv.reader(file)
    return {(row[0], name): text for row in rows for name, text in zip(header, row, strict=True)}


def units(path: Path) -> Iterator[str | None]:
    """Yield what of an input can change by itself: scores of a panel encoder by encoder."""
    yield from PANEL if path.parent.name == "metrics" else [None]


def is_measured(text: str) -> bool:
    return "." in text and text.replace(".", "").replace("e-", "").replace("-", "").isdigit()


@pytest.mark.parametrize("name", TABLES)
def test_a_cell_changes_if_and_only_if_what_it_depends_on_does(name, jobs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    job = jobs[name]
    inputs = [Path(path) for path in job.inputs]
    for path in inputs:
        write_input(path)
    before = printed(job)
    table = Path(options(job)["csv"][0])
    cells = cells_of(load_graph(table.parents[1]), str(table))
    assert {(cell.row, cell.column) for cell in cells} < set(before)
    for path in inputs:
        for encoder in units(path):
            write_input(path, 1.5, encoder)
            after = printed(job)
            write_input(path)
            changed = {key for key, text in before.items() if after.get(key) != text}
            depends = {
                (cell.row, cell.column)
                for cell in cells
                if path.as_posix() in cell.source.inputs
                and (not encoder or not cell.source.encoders or encoder in cell.source.encoders)
            }
            assert changed <= depends, (path, encoder)
            assert changed, (path, encoder)
            if name != "table4_spiral":  # others of its batch may rank as before
                rest = {before[key] for key in depends - changed}
                assert not [text for text in rest if is_measured(text)], (path, encoder)


@pytest.mark.parametrize("name", ["table2", "table2_seeds"])
def test_a_row_is_of_the_generators_that_its_label_names(name, jobs, tmp_path, monkeypatch):
    told = parse(load_tree(ROOT, "scenes")).report
    named = {told.labels[row]: [row] for row in told.table2.rows}
    if name == "table2_seeds":
        named = told.table2_seeds.rows
    monkeypatch.chdir(tmp_path)
    for path in jobs[name].inputs:
        write_input(Path(path))
    printed(jobs[name])
    table = Path(options(jobs[name])["csv"][0])
    cells = cells_of(load_graph(table.parents[1]), str(table))
    found = {
        cell.row: [Path(path).parts[-2] for path in cell.source.inputs]
        for cell in cells
        if cell.column == "overall" and cell.source.inputs
    }
    assert found == named
    assert list(found) != sorted(found)  # or a mapping's order would tell nothing


# --- other tables -------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_table_of_an_unknown_kind_depends_on_all_it_read(here):
    make("metrics", {}, {}, a="a")
    make("grid", {}, {"x": ["a"]}, **{"tables/other.csv": "run,score\nirdm,1\n"})
    (cell,) = cells_of(load_graph(RESULTS), f"{RESULTS}/tables/other.csv")
    assert cell.source.inputs == [f"{RESULTS}/a"]


def test_rows_of_one_name_are_counted(here):
    make("grid", {}, {}, **{"tables/other.csv": "run,score\nirdm,1\nirdm,2\n"})
    graph, table = load_graph(RESULTS), f"{RESULTS}/tables/other.csv"
    assert find_cell(graph, table, "irdm,score").value == "1"
    assert find_cell(graph, table, "irdm (2),score").value == "2"


def test_detectors_share_a_rows_pickscore_and_have_scores_of_their_own(here):
    names = ["a1", "a2", "b1", "b2", "pa", "pb"]
    for name in names:
        make("geneval", {}, {}, **{name: name})
    told = {"detectors": {"value": {"one": {}, "two": {}}}}
    rows = "".join(f"{row},0.5,x,20\n" for row in ("a", "a", "b", "b"))
    csv = {"tables/table2.csv": f"generator,overall,detector,PickScore\n{rows}"}
    make("geneval_table", told, {"scores": names[:4], "pickscores": names[4:]}, **csv)
    cells = cells_of(load_graph(RESULTS), f"{RESULTS}/tables/table2.csv")
    found = {(c.row, c.column): [Path(p).name for p in c.source.inputs] for c in cells}
    assert found["a (2)", "overall"] == ["a2"]
    assert found["b", "overall"] == ["b1"]
    assert found["a (2)", "PickScore"] == ["pa"]
    assert found["b", "PickScore"] == ["pb"]
    assert found["b", "detector"] == []


def test_a_win_rate_depends_on_both_sides_and_a_mean_on_its_own(here):
    for name in ("a1", "b1", "a2", "b2"):
        make("prompt_preference", {}, {}, **{name: name})
    told = {"table": {"value": {"rows": ["a", "b"], "against": "a"}}}
    rows = "a,x,2.5,\nb,x,2.5,50.0\na,y,3.5,\nb,y,3.5,60.0\nDMD2,y,,\n"
    csv = {"tables/pickscore.csv": f"generator,prompts,PickScore,win rate\n{rows}"}
    make("pickscore_table", told, {"scores": ["a1", "b1", "a2", "b2"]}, **csv)
    cells = cells_of(load_graph(RESULTS), f"{RESULTS}/tables/pickscore.csv")
    found = {(c.row, c.column): [Path(p).name for p in c.source.inputs] for c in cells}
    assert (found["b (2)", "PickScore"], found["b (2)", "win rate"]) == (["b2"], ["b2", "a2"])
    assert (found["b", "win rate"], found["b", "prompts"]) == (["b1", "a1"], [])
    assert (found["a (2)", "PickScore"], found["a (2)", "win rate"]) == (["a2"], [])
    assert (found["DMD2", "PickScore"], found["DMD2", "win rate"]) == ([], [])


def test_scores_of_a_panel_are_narrowed_to_encoders_by_their_places(results):
    record = load_graph(results).records[f"{RESULTS}/metrics/irdm.json"]
    of_one = {"banks": ["banks/pixels.h5"], "features": ["features/irdm/pixels.h5"]}
    found = inputs_for(record, frozenset({"pixels"}))
    assert found == {role: [f"{RESULTS}/{p}" for p in paths] for role, paths in of_one.items()}
    assert len(inputs_for(record, None)["banks"]) == 2
