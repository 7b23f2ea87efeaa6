"""A cell on the command line, and what is made of several."""

import json
from pathlib import Path

import pytest

from rdm_pipeline.artifacts import read_array, read_json
from rdm_pipeline.cli import main
from rdm_pipeline.params.project import load_tree

SPIRAL = load_tree(Path(__file__).resolve().parents[2], "smoke")["spiral"]
SECTIONS = {name: SPIRAL[name] for name in ("data", "training", "estimators", "scoring")}
CELLS = [("frechet", 8, 42), ("mmd_nystrom", 8, 42), ("mmd_nystrom", 8, 0)]


def told(**values: object) -> list[str]:
    return ["--params", json.dumps({key: {"value": value} for key, value in values.items()})]


def files(folder: Path, suffix: str) -> list[str]:
    return [str(folder / f"{name}-{batch}-{seed}{suffix}") for name, batch, seed in CELLS]


def make_cells(folder: Path) -> None:
    for cell, scores, samples in zip(
        CELLS, files(folder, ".json"), files(folder, ".h5"), strict=True
    ):
        named = dict(zip(("discrepancy", "batch", "seed"), cell, strict=True))
        params = told(**SECTIONS, **named, threads=1)
        assert main(["spiral", "--scores", scores, "--samples", samples, *params]) == 0


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("spiral")
    make_cells(folder)
    return folder


def test_a_cell_leaves_its_scores_and_its_samples_in_the_plane(made):
    scores = read_json(made / "frechet-8-42.json")
    assert scores.keys() == {"discrepancy", "batch", "seed", "recall", "med_dist"}
    assert (scores["discrepancy"], scores["batch"], scores["seed"]) == CELLS[0]
    assert read_array(made / "frechet-8-42.h5", "points", "points").shape == (100, 2)


def test_a_cell_made_again_has_the_same_bytes(made, tmp_path):
    make_cells(tmp_path)
    for suffix in (".json", ".h5"):
        for first, again in zip(files(made, suffix), files(tmp_path, suffix), strict=True):
            assert Path(first).read_bytes() == Path(again).read_bytes()


def test_cells_become_tables_and_pictures(made, tmp_path):
    scores = ["--scores", *files(made, ".json")]
    table = [
        "--csv",
        f"{tmp_path}/t.csv",
        "--markdown",
        f"{tmp_path}/t.md",
        "--latex",
        f"{tmp_path}/t.tex",
    ]
    picture = ["--picture", f"{tmp_path}/p.png"]
    drawn = {"data": SPIRAL["data"], "scoring": SPIRAL["scoring"]}

    params = told(title="T", **drawn, tolerance=SPIRAL["tolerance"])
    assert main(["spiral_table", *scores, *table, *params]) == 0
    assert "| MMD-Nyström, B = 8 |" in (tmp_path / "t.md").read_text()
    assert main(["spiral_ranking", *scores, *table, *told(title="T")]) == 0
    assert "| B = 8, 2 |" in (tmp_path / "t.md").read_text()
    for verb, extra in (
        ("spiral_batches", []),
        ("spiral_figure", ["--samples", *files(made, ".h5")]),
    ):
        assert main([verb, *scores, *extra, *picture, *told(**drawn)]) == 0
        assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


def test_samples_of_another_cell_are_refused(made, tmp_path, capsys):
    swapped = ["--samples", *reversed(files(made, ".h5"))]
    params = told(data=SPIRAL["data"], scoring=SPIRAL["scoring"])
    picture = ["--picture", f"{tmp_path}/p.png"]
    assert (
        main(["spiral_figure", "--scores", *files(made, ".json"), *swapped, *picture, *params]) == 2
    )
    assert "discrepancy is 'mmd_nystrom', expected 'frechet'" in capsys.readouterr().err
