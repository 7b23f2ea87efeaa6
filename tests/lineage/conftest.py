"""A small folder of results with true records: raw data, features, scores of two rows, a table."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from rdm_pipeline.lineage.compare import Plan
from rdm_pipeline.lineage.graph import Record
from rdm_pipeline.lineage.record import record_path, sealed, start, write_records

RESULTS = Path("results/tiny")
PANEL = ["sup", "pixels"]
ROWS = {"real": "real images", "irdm": "iRDM, a run"}
THREADS = {"threads": {"key": "threads", "value": 1}}
TABLE = """run,sup,pixels,SW_r2,judge,paper
real images,1,1,1,0.8,1
"iRDM, a run",3,5,4,0.9,
"""


def make(
    verb: str, params: Mapping[str, Any], inputs: Mapping[str, Sequence[str]], **outputs: str
) -> None:
    """Write files with some text and the records that the verb would leave beside them."""
    begun = start(verb)
    for name, text in outputs.items():
        path = RESULTS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    files = {role: [RESULTS / name for name in names] for role, names in inputs.items()}
    write_records(begun, params, files, [RESULTS / name for name in outputs])


def make_results(edition: str = "") -> None:
    """Make everything below the current folder; each edition has other bytes in every file."""
    raw = RESULTS / "raw/data"
    raw.mkdir(parents=True)
    (raw / "pictures").write_text(f"many pictures{edition}")
    (raw / ".snakemake_timestamp").touch()
    write_records(start("fetch"), {}, {}, [raw])
    split = {"dataset": {"key": "dataset", "value": {"name": "data", "seed": 3}}}
    make("images", split, {"raw": ["raw/data"]}, **{"images/real.h5": f"real{edition}"})
    for name in PANEL:
        weights = f"encoders/{name}.safetensors"
        make("encoder", {}, {"images": ["images/real.h5"]}, **{weights: f"{name}{edition}"})
        read = {"images": ["images/real.h5"], "weights": [weights]}
        make("bank", THREADS, read, **{f"banks/{name}.h5": f"bank {name}{edition}"})
    train(edition)
    for row in ROWS:
        score(row, edition)
    report(edition)


def train(edition: str) -> None:
    """Make a run and its samples."""
    files = {f"runs/irdm/{name}": name + edition for name in ("generator.safetensors", "history")}
    make("train", THREADS, {"weights": ["encoders/sup.safetensors"]}, **files)
    read = {"generator": ["runs/irdm/generator.safetensors"]}
    make("sample", THREADS, read, **{"images/irdm.h5": f"drawn{edition}"})


def score(row: str, edition: str) -> None:
    """Make the features, scores and judge's view of a row."""
    for name in PANEL:
        read = {"images": [f"images/{row}.h5"], "weights": [f"encoders/{name}.safetensors"]}
        made = {f"features/{row}/{name}.h5": f"{row} by {name}{edition}"}
        make("features", THREADS, read, **made)
    read = {
        "features": [f"features/{row}/{name}.h5" for name in PANEL],
        "banks": [f"banks/{name}.h5" for name in PANEL],
    }
    made = {f"metrics/{row}.json": f"scores of {row}{edition}"}
    make("metrics", {"panel": {"value": PANEL}}, read, **made)
    made = {f"judge/{row}.json": f"judge of {row}{edition}"}
    make("judge", {}, {"features": [f"features/{row}/sup.h5"]}, **made)


def report(edition: str) -> None:
    """Make a table and a figure."""
    told = {
        "rows": {"key": "report.table1.rows", "value": list(ROWS)},
        "labels": {row: {"key": f"report.labels.{row}", "value": ROWS[row]} for row in ROWS},
        "panel": {"value": PANEL},
        "held_out": {"value": PANEL[1:]},
    }
    read = {
        "metrics": [f"metrics/{row}.json" for row in ROWS],
        "accuracies": [f"judge/{row}.json" for row in ROWS],
    }
    files = {"tables/table1.csv": TABLE.replace("0.8", f"0.8{edition}")}
    make("table", told, read, **files, **{"tables/table1.md": f"a table{edition}"})
    sheet = {"figures/samples-irdm.png": f"a sheet{edition}"}
    make("grid", {}, {"images": ["images/irdm.h5"]}, **sheet)


@pytest.fixture(scope="session")
def editions(tmp_path_factory) -> Path:
    """Folders `first` and `second` with results whose bytes all differ."""
    folder = tmp_path_factory.mktemp("lineage")
    with pytest.MonkeyPatch.context() as patch:
        # whether the developer has committed is another matter
        nothing = {"commit": None, "dirty": None}
        patch.setattr("rdm_pipeline.lineage.record.git_state", lambda: nothing)
        for edition, text in (("first", ""), ("second", " again")):
            (folder / edition).mkdir()
            patch.chdir(folder / edition)
            make_results(text)
    return folder


@pytest.fixture
def results(editions, tmp_path, monkeypatch) -> Path:
    """The folder of results, in a project's folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(editions / "first" / RESULTS, RESULTS)
    return RESULTS


def planned_as_made(record: Record) -> Plan:
    """Return the plan of a workflow that would make an artifact as it was made."""
    files = {role: [file.path for file in files] for role, files in record.inputs.items()}
    return Plan(record.params, files)


def rewrite(file: Path, **changes: Any) -> None:
    """Change what a file's record says, as somebody would who wants it to be believed."""
    path = record_path(file)
    record = sealed({**json.loads(path.read_text()), **changes})
    path.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")


def all_artifacts() -> list[str]:
    """The names of what `make_results` makes."""
    rows = [f"{kind}/{row}.json" for kind in ("metrics", "judge") for row in ROWS]
    weights = [f"encoders/{name}.safetensors" for name in PANEL]
    banks = [f"banks/{name}.h5" for name in PANEL]
    features = [f"features/{row}/{name}.h5" for row in ROWS for name in PANEL]
    run = ["runs/irdm/generator.safetensors", "runs/irdm/history", "images/irdm.h5"]
    ends = ["tables/table1.csv", "tables/table1.md", "figures/samples-irdm.png"]
    return ["raw/data", "images/real.h5", *weights, *banks, *run, *features, *rows, *ends]
