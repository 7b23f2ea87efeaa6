"""A small folder of results with hostile names in it, and the report that is made of it."""

import json
import shutil
from pathlib import Path

import pytest

from rdm_pipeline.lineage.graph import load_graph
from rdm_pipeline.lineage.record import start, write_records
from rdm_pipeline.params.site import Power
from rdm_pipeline.reporting.site.contents import Contents, Printed, upstream
from rdm_pipeline.reporting.site.pages import site_files
from tests.browser import browser  # noqa: F401
from tests.lineage.conftest import RESULTS, THREADS, make

EVIL = "<img src=x onerror='document.title=666'>\"'&{{7*7}}"
EVIL_FILE = "Sup' onclick=alert(1) <b>\u202egnp"
PANEL = ["sup", EVIL_FILE]
SCORES = {"real": [1.0, 1.0], "vae": [9.1234567, 0.05], "irdm": [2.5, 3.5]}
LABELS = {"real": "real images", "vae": EVIL, "irdm": "iRDM"}
POWER = Power(cpu_watts=10, accelerator_watts=500, source="a test")
HISTORY = [
    {
        "step": step,
        "batch": 8,
        "scores": dict.fromkeys(PANEL, 2.0 / (step + 1)),
        "weights": dict.fromkeys(PANEL, 1.0 + 0.1 * step),
    }
    for step in range(700)
]
HISTORY[3] = {"step": 3, "batch": 8, "skipped": "not finite"}
FLOORS = {"8": {name: {"mean": 0.5, "spread": 0.1} for name in PANEL}}


def gather(whole: str, shards: list[str]) -> None:
    make("gather", {"kind": {"value": "images"}}, {"shards": shards}, **{whole: f"all of {shards}"})


def make_data() -> None:
    raw = RESULTS / "raw/data"
    raw.mkdir(parents=True)
    (raw / "pictures").write_text("many pictures")
    write_records(start("fetch"), {}, {}, [raw])
    shards = [f"images/data/train/{shard}.h5" for shard in range(3)]
    for shard in shards:
        make("images", {"shard": {"value": shard}}, {"raw": ["raw/data"]}, **{shard: shard})
    gather("images/data/train.h5", shards)
    for name in PANEL:
        pretraining = {"pretraining": {"key": f"panels.{EVIL}", "value": {"note": EVIL}}}
        read = {"images": ["images/data/train.h5"]}
        make("encoder", pretraining, read, **{f"encoders/{name}.safetensors": name})
        probe = {"role": "train", "paradigm": EVIL, "linear_probe": 0.75, "encoder": name}
        read = {"weights": [f"encoders/{name}.safetensors"]}
        make("card", {}, read, **{f"cards/{name}.json": json.dumps(probe)})


def make_runs() -> None:
    seed = {"run": {"key": "runs.irdm", "value": {"seed": 4}}}
    read = {"images": ["images/data/train.h5"]}
    make("warm_start", THREADS, read, **{"runs/vae/generator.safetensors": "vae"})
    read = {
        "generator": ["runs/vae/generator.safetensors"],
        "weights": [f"encoders/{name}.safetensors" for name in PANEL],
    }
    files = {"generator.safetensors": "irdm", "history.json": json.dumps(HISTORY)}
    make("train", seed, read, **{f"runs/irdm/{name}": text for name, text in files.items()})
    make("floors", {}, {}, **{"runs/irdm/floors.json": json.dumps(FLOORS)})
    for row in ("vae", "irdm"):
        read = {"generator": [f"runs/{row}/generator.safetensors"]}
        make("sample", THREADS, read, **{f"images/{row}/samples/0.h5": row})
        gather(f"images/{row}/samples.h5", [f"images/{row}/samples/0.h5"])


def make_scores() -> None:
    for row in SCORES:
        images = "images/data/train.h5" if row == "real" else f"images/{row}/samples.h5"
        features = [f"features/{row}/samples/{name}.h5" for name in PANEL]
        for name, path in zip(PANEL, features, strict=True):
            read = {"images": [images], "weights": [f"encoders/{name}.safetensors"]}
            make("features", THREADS, read, **{path: f"{row} by {name}"})
        panel = {"panel": {"value": PANEL}}
        make("metrics", panel, {"features": features}, **{f"metrics/{row}.json": row})


def make_table(name: str) -> None:
    rows = [",".join([f'"{LABELS[row].replace(chr(34), chr(34) * 2)}"', *map(str, scores),
                      str(sum(scores)), "7.5"]) for row, scores in SCORES.items()]  # fmt: skip
    text = "\n".join([f'run,sup,"{EVIL_FILE}",SW_r2,paper', *rows]) + "\n"
    markdown = f"## Title {EVIL}\n\nCaption {EVIL}\n\n| a |\n\n* a note {EVIL}\n"
    told = {"held_out": {"value": [EVIL_FILE]}, "panel": {"value": PANEL}, "note": {"value": EVIL}}
    read = {"metrics": [f"metrics/{row}.json" for row in SCORES]}
    files = {f"tables/{name}.csv": text, f"tables/{name}.md": markdown}
    make("table", told, read, **files)


def make_results() -> None:
    """Make everything below the current folder."""
    make_data()
    make_runs()
    make_scores()
    make_table("table1")
    make_table("table7")
    make("grid", {}, {"images": ["images/irdm/samples.h5"]}, **{"figures/samples-irdm.png": "x"})


def contents_of(folder: Path) -> Contents:
    """Return what the verb would read."""
    graph = load_graph(folder)
    tables = {
        f"{RESULTS}/tables/{name}.csv": folder / f"tables/{name}" for name in ("table1", "table7")
    }
    figure = f"{RESULTS}/figures/samples-irdm.png"
    cards = {name: f"{RESULTS}/cards/{name}.json" for name in PANEL}
    of_run = [f"{RESULTS}/runs/irdm/{file}.json" for file in ("history", "floors")]
    return Contents(
        graph=upstream(graph, [*tables, figure, *cards.values(), *of_run]),
        tables={
            path: Printed(file.with_suffix(".csv").read_text(), file.with_suffix(".md").read_text())
            for path, file in tables.items()
        },
        figures={figure: (folder / "figures/samples-irdm.png").read_bytes()},
        histories={"irdm": HISTORY},
        floors={"irdm": FLOORS},
        cards={name: json.loads((folder / f"cards/{name}.json").read_text()) for name in PANEL},
        power=POWER,
    )


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Path:
    """The folder of results."""
    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "rdm_pipeline.lineage.record.git_state", lambda: {"commit": None, "dirty": None}
        )
        patch.chdir(folder)
        make_results()
    return folder / RESULTS


@pytest.fixture(scope="session")
def contents(made) -> Contents:
    return contents_of(made)


@pytest.fixture(scope="session")
def files(contents) -> dict[str, bytes]:
    """The report's files."""
    return site_files(contents)


@pytest.fixture(scope="session")
def site(files, tmp_path_factory) -> Path:
    """The report on the disk."""
    folder = tmp_path_factory.mktemp("report")
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def results(made, tmp_path) -> Path:
    """A copy of the results for a test that changes them."""
    return Path(shutil.copytree(made, tmp_path / RESULTS))
