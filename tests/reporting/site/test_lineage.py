import re

import pytest

from rdm_pipeline.files import sha256
from rdm_pipeline.lineage.audit import as_tree, trace
from rdm_pipeline.lineage.cells import find_cell
from rdm_pipeline.lineage.graph import load_graph
from rdm_pipeline.lineage.record import record_path
from rdm_pipeline.lineage.shown import printable
from rdm_pipeline.reporting.site.address import Addresses
from rdm_pipeline.reporting.site.lineage import link_to, story
from rdm_pipeline.reporting.site.tables import Number
from tests.lineage.conftest import RESULTS, rewrite

TABLE1 = f"{RESULTS}/tables/table1.csv"


@pytest.fixture
def told(results):
    def of(column: str):
        graph = load_graph(results)
        cell = find_cell(graph, TABLE1, f"iRDM,{column}")
        number = Number("page", cell.source, [(TABLE1, cell)])
        return graph, cell, story(graph, Addresses(graph), number)

    return of


def test_a_chain_has_the_artifacts_that_audit_prints_shards_with_the_whole(told):
    graph, cell, found = told("sup")
    names = [printable(entry.link.name) for entry in found.entries if not entry.repeated]
    tree = as_tree(trace(graph, TABLE1, cell))
    printed = re.findall(r"^[│├└─ ]*(\S.*?)  [0-9a-f]{16}", tree, re.MULTILINE)
    shards = {name for name in printed if re.search(r"/\d\.h5$", name)}
    assert len(shards) == 4
    assert sorted(names) == sorted({*printed} - shards - {"tables/table1.csv"})
    whole = next(e for e in found.entries if e.link.name == "images/data/train.h5")
    assert whole.shards == 3


def test_a_chain_of_one_encoder_leaves_the_others_out(told):
    _, _, one = told("sup")
    _, _, both = told("SW_r2")
    features = [f"features/irdm/samples/{name}" for name in ("sup.h5", "Sup")]
    for name, of_one in zip(features, (True, False), strict=True):
        assert any(e.link.name.startswith(name) for e in one.entries) is of_one
        assert any(e.link.name.startswith(name) for e in both.entries)


def test_a_chain_adds_up_jobs_and_names_seeds(told):
    graph, cell, found = told("sup")
    behind = trace(graph, TABLE1, cell).records
    jobs = {tuple(file.path for file in r.outputs): r for p, r in behind.items() if p != TABLE1}
    assert found.device_hours == pytest.approx(sum(r.device_hours for r in jobs.values()))
    assert found.seeds == {"runs.irdm.seed": 4}
    assert len(found.codes) == 1 and len(found.machines) == 1


def test_an_input_that_was_replaced_and_one_without_a_record_are_told(results):
    weights = results / "encoders/sup.safetensors"
    features = f"{RESULTS}/features/irdm/samples/sup.h5"
    (read,) = load_graph(results).records[features].inputs["weights"]
    weights.write_text("others")
    here = {"path": f"{RESULTS}/encoders/sup.safetensors", "sha256": sha256(weights), "bytes": 6}
    rewrite(weights, artifact=here, outputs=[here])
    graph = load_graph(results)
    link = link_to(graph, Addresses(graph), here["path"], {read.sha256})
    assert link.fault == f"is now {here['sha256'][:16]}, not the one that was read"
    record_path(weights).unlink()
    graph = load_graph(results)
    link = link_to(graph, Addresses(graph), here["path"])
    assert (link.page, link.fault) == (None, "no record: none beside it")
