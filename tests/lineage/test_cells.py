"""Cells of every kind of table: which inputs each depends on."""

import pytest

from rdm_pipeline.lineage.cells import cells_of, inputs_for
from rdm_pipeline.lineage.graph import Graph, load_graph
from tests.lineage.conftest import RESULTS, make

SCORES = ["real", "a0", "a1", "b0", "b1"]


def sources(graph: Graph, name: str) -> dict[tuple[str, str], set[str]]:
    """Return the inputs of each cell of a table, by row and column."""
    return {
        (cell.row, cell.column): {graph.short(path) for path in cell.source.inputs}
        for cell in cells_of(graph, f"{RESULTS}/tables/{name}.csv")
    }


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_variants_scores_come_from_its_seeds_and_its_facts_from_parameters():
    for name in SCORES:
        make("metrics", {}, {}, **{f"metrics/{name}.json": name})
    told = {"comparison": {"value": {"baselines": ["real"]}}, "seeds": {"value": [0, 1]}}
    csv = {"tables/table3.csv": "run,batch,SW_r2,± SW_r2\nreal,,1,\na,64,2,1\nb,64,3,1\n"}
    make("comparison", told, {"scores": [f"metrics/{name}.json" for name in SCORES]}, **csv)
    found = sources(load_graph(RESULTS), "table3")
    assert found["real", "SW_r2"] == {"metrics/real.json"}
    assert found["a", "SW_r2"] == {"metrics/a0.json", "metrics/a1.json"}
    assert found["b", "± SW_r2"] == {"metrics/b0.json", "metrics/b1.json"}
    assert found["b", "batch"] == set()


def test_figure_5s_training_score_comes_from_histories_and_floors():
    names = ["metrics/real.json", "metrics/s0.json", "metrics/s1.json", "h0", "h1", "f0", "f1"]
    for name in names:
        make("metrics", {}, {}, **{name: name})
    read = {"metrics": names[:3], "histories": names[3:5], "floors": names[5:]}
    csv = {"tables/fig5.csv": "run,sup,training score / floor\nreal,1,\nalone,2,1\n"}
    make("alone", {"beside": {"value": ["real"]}}, read, **csv)
    found = sources(load_graph(RESULTS), "fig5")
    assert found["real", "sup"] == {"metrics/real.json"}
    assert found["real", "training score / floor"] == set()
    assert found["alone", "sup"] == {"metrics/s0.json", "metrics/s1.json"}
    assert found["alone", "training score / floor"] == {"h0", "h1", "f0", "f1"}


@pytest.fixture
def spiral() -> list[str]:
    """Scores of two discrepancies at batch 8, one of them with two seeds, one alone at 16."""
    cells = [("sw", 8, 0), ("mmd", 8, 0), ("mmd", 8, 1), ("mmd", 16, 0)]
    names = []
    for discrepancy, batch, seed in cells:
        told = {"discrepancy": {"value": discrepancy}, "batch": {"value": batch}}
        names.append(f"spiral/{discrepancy}/{batch}/{seed}.json")
        make("spiral", told, {}, **{names[-1]: names[-1]})
    return names


def test_a_cell_of_the_spiral_comes_from_its_seeds(spiral):
    rows = 'real points,1,1\n"SW, B = 8",1,1\n"MMD, B = 8",1,1\n"MMD, B = 16",1,\n'
    csv = {"tables/fig3.csv": f"cell,recall,paper's recall\n{rows}"}
    make("spiral_table", {}, {"scores": spiral}, **csv)
    found = sources(load_graph(RESULTS), "fig3")
    assert found["real points", "recall"] == set()
    assert found["SW, B = 8", "recall"] == {"spiral/sw/8/0.json"}
    assert found["MMD, B = 8", "recall"] == {"spiral/mmd/8/0.json", "spiral/mmd/8/1.json"}
    assert found["MMD, B = 16", "recall"] == {"spiral/mmd/16/0.json"}
    assert found["MMD, B = 8", "paper's recall"] == set()


def test_a_rank_of_the_spiral_depends_on_all_of_its_batch(spiral):
    csv = {"tables/table4.csv": 'batch and rank,medDist\n"B = 8, 1",1\n"B = 8, 2",2\n'}
    make("spiral_ranking", {}, {"scores": spiral}, **csv)
    found = sources(load_graph(RESULTS), "table4")
    assert found["B = 8, 1", "medDist"] == found["B = 8, 2", "medDist"] == set(spiral[:3])


def test_a_table_of_an_unknown_kind_depends_on_all_it_read():
    make("metrics", {}, {}, a="a")
    make("grid", {}, {"x": ["a"]}, **{"tables/other.csv": "run,score\nirdm,1\n"})
    assert sources(load_graph(RESULTS), "other") == {("irdm", "score"): {"a"}}


def test_scores_of_a_panel_are_narrowed_to_one_encoder_by_its_place(results):
    record = load_graph(results).records[f"{RESULTS}/metrics/irdm.json"]
    of_one = {"banks": ["banks/pixels.h5"], "features": ["features/irdm/pixels.h5"]}
    found = inputs_for(record, "pixels")
    assert found == {role: [f"{RESULTS}/{p}" for p in paths] for role, paths in of_one.items()}
    assert len(inputs_for(record, "SW_r2")["banks"]) == 2
