"""Verify: every kind of damage is found and named, an untouched folder gives no finding."""

import json
import os
import shutil
from pathlib import Path

import pytest

from rdm_pipeline import files
from rdm_pipeline.catalog import VERBS
from rdm_pipeline.cli import main
from rdm_pipeline.files import digest
from rdm_pipeline.lineage import compare
from rdm_pipeline.lineage.compare import Plan
from rdm_pipeline.lineage.graph import load_graph
from rdm_pipeline.lineage.record import record_path
from rdm_pipeline.lineage.touched import touched
from rdm_pipeline.lineage.verify import Finding, Here, verify
from tests.lineage.conftest import RESULTS, all_artifacts, make, planned_as_made, rewrite

HERE = Here(None, [], frozenset(VERBS))
every_artifact = pytest.mark.parametrize("name", all_artifacts())


@pytest.fixture(autouse=True)
def git(monkeypatch) -> dict[str, object]:
    """What git says of the code: nothing, unless a test says otherwise."""
    state: dict[str, object] = {"commit": None, "dirty": None}
    for module in ("record", "verify"):
        monkeypatch.setattr(f"rdm_pipeline.lineage.{module}.git_state", lambda: dict(state))
    return state


def findings(results: Path, here: Here = HERE, quick: bool = False) -> list[Finding]:
    return verify(load_graph(results), None, here, quick)


def kinds(results: Path, name: str) -> set[str]:
    """Return the kinds of findings about one artifact."""
    return {f.kind for f in findings(results) if f.path == f"{RESULTS}/{name}"}


def plans(results: Path) -> dict[str, Plan]:
    """Return a workflow that would make everything as it was made."""
    records = load_graph(results).records
    return {path: planned_as_made(record) for path, record in records.items()}


def against(results: Path, planned: dict[str, Plan]) -> list[Finding]:
    return findings(results, Here(planned, [], frozenset(VERBS)))


def flip(artifact: Path, place: int = 0) -> None:
    file = artifact / "pictures" if artifact.is_dir() else artifact
    data = bytearray(file.read_bytes())
    data[place] ^= 1
    file.write_bytes(data)


def delete(artifact: Path) -> None:
    shutil.rmtree(artifact) if artifact.is_dir() else artifact.unlink()


def swap(one: Path, other: Path) -> None:
    data = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(data)


# --- nothing to find ----------------------------------------------------------------------------


def test_an_untouched_folder_gives_no_finding(results):
    assert findings(results) == []
    assert against(results, plans(results)) == []
    assert findings(results, quick=True) == []


def test_nor_does_its_copy_under_another_name(results, tmp_path):
    shutil.copytree(results, tmp_path / "elsewhere/x")
    assert findings(tmp_path / "elsewhere/x") == []


def test_checkpoints_recipes_and_hidden_files_are_no_artifacts(results):
    for name in ("runs/irdm/checkpoints/4/state", "recipes.json", "images/.real.h5.1.partial"):
        (results / name).parent.mkdir(parents=True, exist_ok=True)
        (results / name).write_text("{}")
    assert findings(results) == []


def test_made_again_with_the_same_bytes_is_no_finding(results):
    made = {"figures/samples-irdm.png": "a sheet"}
    make("grid", {}, {"images": ["images/irdm.h5"]}, **made)
    assert findings(results) == []


# --- damage, artifact by artifact ---------------------------------------------------------------


@every_artifact
def test_a_flipped_bit_of_an_artifact_is_an_edited_file(results, name):
    flip(results / name)
    assert {(f.kind, f.path) for f in findings(results)} == {("edited file", f"{RESULTS}/{name}")}


@every_artifact
def test_a_deleted_artifact_is_missing(results, name):
    delete(results / name)
    assert kinds(results, name) == {"missing file"}


@every_artifact
def test_a_deleted_record_is_told(results, name):
    record_path(results / name).unlink()
    told = {"deleted record"}
    if name == "figures/samples-irdm.png":
        told = {"foreign file"}  # no other record names it
    assert kinds(results, name) == told


@every_artifact
def test_an_artifact_deleted_with_its_record_is_missed_by_those_that_name_it(results, name):
    delete(results / name)
    record_path(results / name).unlink()
    told = {"missing file"}
    if name == "figures/samples-irdm.png":
        told = set()  # nothing names it; rdm explain says that it was never made
    assert kinds(results, name) == told


@every_artifact
def test_a_flipped_bit_of_a_record_is_told_wherever_it_is(results, name):
    record = record_path(results / name)
    before = record.read_bytes()
    for place in range(0, len(before), len(before) // 15):
        flip(record, place)
        assert kinds(results, name) & {"faulty record", "foreign record"}, before[place:][:20]
        record.write_bytes(before)


@every_artifact
def test_an_artifact_edited_with_its_record_is_told_by_its_readers_and_siblings(results, name):
    before, path = load_graph(results), f"{RESULTS}/{name}"
    flip(results / name)
    record = json.loads(record_path(results / name).read_text())
    artifact = {**record["artifact"], "sha256": digest(results / name)}
    outputs = [artifact if file["path"] == path else file for file in record["outputs"]]
    rewrite(results / name, artifact=artifact, outputs=outputs)
    found = findings(results)
    assert {f.path for f in found if f.kind == "stale result"} == {*before.readers.get(path, [])}
    siblings = {file.path for file in before.records[path].outputs} - {path}
    assert {f.path for f in found if f.kind == "foreign file"} == ({path} if siblings else set())
    # a lone last file has no other witness
    assert found or name == "figures/samples-irdm.png"


def test_swapped_files_hold_each_others_bytes(results):
    swap(results / "banks/sup.h5", results / "banks/pixels.h5")
    assert {(f.kind, f.path, f.text) for f in findings(results)} == {
        ("foreign file", f"{RESULTS}/banks/sup.h5", "holds the bytes of banks/pixels.h5"),
        ("foreign file", f"{RESULTS}/banks/pixels.h5", "holds the bytes of banks/sup.h5"),
    }


def test_files_swapped_together_with_their_records_have_records_of_others(results):
    for suffix in ("", ".prov.json"):
        swap(results / f"banks/sup.h5{suffix}", results / f"banks/pixels.h5{suffix}")
    assert kinds(results, "banks/sup.h5") == {"foreign record"}
    assert kinds(results, "banks/pixels.h5") == {"foreign record"}


def test_an_edited_cell_of_a_table_is_told_and_touches_that_table_only(results):
    table = results / "tables/table1.csv"
    table.write_text(table.read_text().replace(",4,", ",2,"))
    (found,) = findings(results)
    assert found.kind == "edited file"
    assert touched(load_graph(results), [found.path]) == ["tables/table1 (all)"]


@every_artifact
def test_an_old_artifact_replayed_with_its_old_record_does_not_fit_the_others(
    results, editions, name
):
    for file in (results / name, record_path(results / name)):
        delete(file)
        old = editions / "second" / file
        shutil.copytree(old, file) if old.is_dir() else shutil.copy(old, file)
    found, graph, path = findings(results), load_graph(results), f"{RESULTS}/{name}"
    siblings = {file.path for file in graph.records[path].outputs}
    assert found
    assert {f.kind for f in found} <= {"stale result", "foreign file"}
    assert {f.path for f in found} <= {*siblings, *graph.readers.get(path, [])}


def test_a_file_that_no_verb_made_is_foreign(results):
    (results / "banks/mine.h5").write_text("mine")
    (found,) = findings(results)
    assert (found.kind, found.path) == ("foreign file", f"{RESULTS}/banks/mine.h5")


def test_a_file_put_into_the_raw_folder_is_an_edit_of_it(results):
    (results / "raw/data/more").write_text("more")
    (found,) = findings(results)
    assert (found.kind, found.path) == ("edited file", f"{RESULTS}/raw/data")


def test_a_noted_hash_is_not_believed(results, monkeypatch):
    monkeypatch.setattr(files, "LARGE", 1)
    bank = results / "banks/sup.h5"
    recorded = digest(bank)
    flip(bank)
    note = bank.with_name(f".{bank.name}.sha256")
    note.write_text(json.dumps({**files._state(bank), "sha256": recorded}))
    assert digest(bank) == recorded
    assert kinds(results, "banks/sup.h5") == {"edited file"}


def test_quick_sees_sizes_and_times_only(results):
    file = results / "banks/sup.h5"
    written = record_path(file).stat().st_mtime
    flip(file)
    os.utime(file, (written, written))
    assert findings(results, quick=True) == []
    os.utime(file, (written + 3600, written + 3600))
    (found,) = findings(results, quick=True)
    assert "changed 3600 s after" in found.text
    file.write_text("longer than before")
    (found,) = findings(results, quick=True)
    assert "it has 18 bytes, the record has 8" in found.text


# --- parameters, code, commits ------------------------------------------------------------------


def test_a_changed_parameter_is_named_with_both_values(results):
    planned, path = plans(results), f"{RESULTS}/images/real.h5"
    told = {"dataset": {"key": "dataset", "value": {"name": "data", "seed": 4}}}
    planned[path] = Plan(told, planned[path].inputs)
    text = "dataset.seed: was 3, is 4"
    assert against(results, planned) == [Finding("changed parameter", path, text)]


def test_what_the_workflow_decides_counts_too_and_so_do_its_inputs(results):
    planned, path = plans(results), f"{RESULTS}/metrics/real.json"
    only_sup = {role: paths[:1] for role, paths in planned[path].inputs.items()}
    planned[path] = Plan({"panel": {"value": ["sup"]}}, only_sup)
    assert [(f.kind, f.text) for f in against(results, planned)] == [
        ("changed parameter", 'panel: was ["sup", "pixels"], is ["sup"]'),
        ("stale result", "its input banks/pixels.h5: was read, is no more"),
        ("stale result", "its input features/real/pixels.h5: was read, is no more"),
    ]


def test_the_same_files_in_another_order_or_role_are_told(results):
    planned, path = plans(results), f"{RESULTS}/metrics/real.json"
    features, banks = (planned[path].inputs[role] for role in ("features", "banks"))
    planned[path] = Plan(planned[path].params, {"features": features[::-1], "banks": banks})
    told = "its input features: its files are others, or in another order"
    assert against(results, planned) == [Finding("stale result", path, told)]
    planned[path] = Plan(planned[path].params, {"features": banks, "banks": features})
    assert len(against(results, planned)) == 2


def test_what_the_workflow_does_not_make_is_foreign(results):
    planned = plans(results)
    del planned[f"{RESULTS}/figures/samples-irdm.png"]
    (found,) = against(results, planned)
    assert (found.kind, found.text) == (
        "foreign file",
        "the workflow neither makes nor needs it now",
    )


def test_changed_code_names_the_module(results, monkeypatch):
    plain = compare.module_hashes
    module = {"rdm_pipeline.verbs.table": "0" * 32}
    monkeypatch.setattr(
        compare, "module_hashes", lambda verb: plain(verb) | (module if verb == "table" else {})
    )
    found = findings(results)
    assert {f.path for f in found} == {f"{RESULTS}/tables/table1.{end}" for end in ("csv", "md")}
    assert {f.text for f in found} == {"rdm table: rdm_pipeline/verbs/table.py"}
    assert {f.kind for f in found} == {"changed code"}


def test_code_of_an_uncommitted_tree_is_told_unless_it_is_committed_now(results, git):
    git.update(commit="c" * 40, dirty=True)
    make("grid", {}, {"images": ["images/irdm.h5"]}, **{"figures/samples-irdm.png": "a sheet"})
    (found,) = findings(results)
    assert (found.kind, found.path) == ("dirty tree", f"{RESULTS}/figures/samples-irdm.png")
    git.update(commit="d" * 40, dirty=False)
    assert findings(results) == []


# --- what it touches ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("banks/sup.h5", "real images: sup, SW_r2; iRDM, a run: sup, SW_r2"),
        ("images/irdm.h5", "iRDM, a run"),
        ("judge/irdm.json", "iRDM, a run: judge"),
        ("metrics/real.json", "real images: sup, pixels, SW_r2"),
    ],
)
def test_touched_numbers_are_told_by_row_and_column(results, name, numbers):
    told = touched(load_graph(results), [f"{RESULTS}/{name}"])
    assert told[-1] == f"tables/table1 ({numbers})"


def test_a_generator_touches_its_figure_and_its_row(results):
    told = touched(load_graph(results), [f"{RESULTS}/runs/irdm/generator.safetensors"])
    assert told == ["figures/samples-irdm.png", "tables/table1 (iRDM, a run)"]


# --- the command --------------------------------------------------------------------------------


def test_the_command_ends_with_one_on_findings_and_with_zero_without(results, capsys):
    assert main(["verify", "--results", str(results)]) == 0
    assert "no finding" in capsys.readouterr().out
    flip(results / "banks/sup.h5")
    assert main(["verify", "--results", str(results)]) == 1
    told = capsys.readouterr().out
    assert "edited file: banks/sup.h5: its hash is" in told
    assert "touches tables/table1 (real images: sup, SW_r2" in told
    assert main(["verify", "banks/pixels.h5", "--results", str(results)]) == 0
    assert main(["verify", "tables/table1", "--results", str(results)]) == 1
