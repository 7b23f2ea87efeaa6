"""Audit: the chain from a number to the raw data, narrowed to what the number depends on."""

import json
import shutil

import pytest

from rdm_pipeline.cli import main
from rdm_pipeline.lineage.audit import as_dot, as_json, as_tree, trace
from rdm_pipeline.lineage.cells import cells_of, find_cell
from rdm_pipeline.lineage.graph import load_graph
from rdm_pipeline.lineage.record import record_path
from tests.lineage.conftest import RESULTS, THREADS, rewrite

TABLE = f"{RESULTS}/tables/table1.csv"


def reached(results, cell: str | None) -> set[str]:
    """Return the artifacts on the chain behind a cell of the table."""
    graph = load_graph(results)
    found = find_cell(graph, TABLE, cell) if cell else None
    return {graph.short(path) for path in trace(graph, TABLE, found).inputs}


RAW = {"raw/data", "images/real.h5"}
RUN = {"images/irdm.h5", "runs/irdm/generator.safetensors", "encoders/sup.safetensors", *RAW}


def test_a_table_goes_back_to_everything_it_was_made_from(results):
    graph = load_graph(results)
    rest = {"figures/samples-irdm.png", "runs/irdm/history", "tables/table1.md"}
    assert reached(results, None) == {graph.short(path) for path in graph.records} - rest


@pytest.mark.parametrize(
    ("cell", "chain"),
    [
        ("iRDM, a run,judge", {"judge/irdm.json", "features/irdm/sup.h5", *RUN}),
        (
            "iRDM, a run,sup",
            {"metrics/irdm.json", "features/irdm/sup.h5", "banks/sup.h5", *RUN},
        ),
        (
            "real images,pixels",
            {
                *("metrics/real.json", "features/real/pixels.h5", "banks/pixels.h5"),
                *("encoders/pixels.safetensors", *RAW),
            },
        ),
        ("real images,paper", set()),
    ],
)
def test_a_cell_goes_back_to_what_it_depends_on(results, cell, chain):
    assert reached(results, cell) == {"tables/table1.csv", *chain}


def test_the_mean_of_a_row_depends_on_every_encoder_of_that_row_only(results):
    found = reached(results, "iRDM, a run,SW_r2")
    assert {"banks/sup.h5", "banks/pixels.h5", "features/irdm/pixels.h5"} <= found
    assert not [path for path in found if "features/real" in path or "judge" in path]


def test_the_tree_tells_the_value_and_each_artifact_once(results, capsys):
    cell = ["--cell", "iRDM, a run,SW_r2", "--results", str(results)]
    assert main(["audit", "tables/table1", *cell]) == 0
    told = capsys.readouterr().out
    assert told.startswith("tables/table1.csv: iRDM, a run, SW_r2 = 4\n")
    graph = load_graph(results)
    for name in reached(results, "iRDM, a run,SW_r2"):
        sha = graph.records[f"{RESULTS}/{name}"].artifact.sha256[:16]
        lines = [line for line in told.splitlines() if f"{name}  {sha}" in line]
        assert len([line for line in lines if not line.endswith("(above)")]) == 1
    for word in ("rdm metrics", "threads = 1", "dataset.seed 3", "torch 2.", "cpus"):
        assert word in told
    assert "holds pictures 13 B" in told


def test_a_long_parameter_is_printed_once_and_a_short_one_everywhere(results):
    network = {"key": "panels.tiny.sup.network", "value": {"widths": [128] * 20}}
    for name in ("encoders/sup.safetensors", "features/irdm/sup.h5"):
        rewrite(results / name, params={"network": network, **THREADS})
    told = as_tree(trace(load_graph(results), TABLE, None))
    assert told.count("panels.tiny.sup.network = ") == 1
    assert told.count("panels.tiny.sup.network (above)") == 1
    assert told.count("threads = 1") > 3


@pytest.mark.parametrize(
    ("target", "cell", "told"),
    [
        ("tables/table1", "iRDM,sup", "rows real images; iRDM, a run; columns sup; pixels; SW_r2"),
        ("tables/table1", "iRDM, a run", "--cell: found 'iRDM, a run', allowed: ROW,COLUMN"),
        ("tables/tabel1", None, "no record of it in results/tiny, allowed: figures/samples-irdm,"),
        ("../../etc/passwd", None, "no record of it in results/tiny"),
        ("figures/samples-irdm", "a,b", "no record of cells; --cell is for tables"),
    ],
)
def test_unknown_names_are_one_line_that_lists_those_allowed(results, capsys, target, cell, told):
    extra = ["--cell", cell] if cell else []
    assert main(["audit", target, *extra, "--results", str(results)]) == 2
    out, err = capsys.readouterr()
    assert told in err
    assert (out, err.count("\n")) == ("", 1)


@pytest.mark.parametrize(
    "target", ["tables/table1.md", f"{RESULTS}/tables/table1.csv", "metrics/irdm", "raw/data"]
)
def test_every_artifact_can_be_named_by_its_path_or_stem(results, capsys, target):
    assert main(["audit", target, "--results", str(results)]) == 0
    assert capsys.readouterr().out.startswith(target.removeprefix(f"{RESULTS}/"))


def test_a_folder_copied_elsewhere_tells_the_same(results, tmp_path):
    shutil.copytree(results, tmp_path / "usb/stick")
    here, there = load_graph(results), load_graph(tmp_path / "usb/stick")
    for show in (as_tree, as_json, as_dot):
        assert show(trace(there, TABLE, None)) == show(trace(here, TABLE, None))


def test_json_holds_the_records_of_the_chain_and_dot_its_edges(results, capsys):
    options = ["tables/table1", "--cell", "iRDM, a run,judge", "--results", str(results)]
    assert main(["audit", *options, "--json"]) == 0
    tree = json.loads(capsys.readouterr().out)
    assert tree["cell"] == {"row": "iRDM, a run", "column": "judge", "value": "0.9"}
    judge = f"{RESULTS}/judge/irdm.json"
    assert tree["inputs"][TABLE] == {"accuracies": [judge]}
    assert tree["records"][judge] == json.loads(
        record_path(results / "judge/irdm.json").read_text()
    )
    assert main(["audit", *options, "--dot"]) == 0
    assert f'"{judge}" -> "{TABLE}" [label="accuracies"];' in capsys.readouterr().out


def test_an_input_that_is_not_the_one_read_is_marked(results):
    record = json.loads(record_path(results / "banks/sup.h5").read_text())
    artifact = {**record["artifact"], "sha256": "0" * 64}
    rewrite(results / "banks/sup.h5", artifact=artifact, outputs=[artifact])
    told = as_tree(trace(load_graph(results), TABLE, None))
    marked = [line for line in told.splitlines() if "NOT the one that was read" in line]
    assert marked
    assert all("banks/sup.h5" in line for line in marked)


def test_an_artifact_without_a_record_ends_its_branch_and_says_so(results):
    record_path(results / "banks/sup.h5").unlink()
    told = as_tree(trace(load_graph(results), TABLE, None))
    assert "banks/sup.h5  (no record: none beside it)" in told


def test_a_number_of_an_edited_table_is_not_shown_as_if_nothing_were(results, capsys):
    table = results / "tables/table1.csv"
    table.write_text(table.read_text().replace(",4,", ",2,"))
    cell = ["--cell", "iRDM, a run,SW_r2", "--results", str(results)]
    assert main(["audit", "tables/table1", *cell]) == 1
    told = capsys.readouterr()
    assert told.out.startswith("tables/table1.csv: iRDM, a run, SW_r2 = 2\n")
    assert "tables/table1.csv: edited since its record was written" in told.err


def test_a_table_that_does_not_fit_its_record_has_no_cells(results):
    table = results / "tables/table1.csv"
    table.write_text("run,sup\n1,2,3\n")
    with pytest.raises(Exception, match="not a table of rows of one length"):
        cells_of(load_graph(results), TABLE)
