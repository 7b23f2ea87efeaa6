"""Records as a stranger may have sent them: refused, or shown harmlessly, in one line."""

import json
import os
from pathlib import Path

import pytest

from rdm_pipeline.cli import main
from rdm_pipeline.lineage import graph
from rdm_pipeline.lineage.graph import load_graph
from rdm_pipeline.lineage.record import record_path
from tests.lineage.conftest import RESULTS, rewrite

BANK = "banks/sup.h5"


def fault(results: Path) -> str:
    """Return what is wrong with the only faulty record."""
    ((path, found),) = load_graph(results).faults.items()
    assert path == f"{RESULTS}/{BANK}"
    assert "\n" not in found.text
    return found.text


def commands(results: Path, capsys) -> str:
    """Run audit and verify; neither ends in a traceback. Return what they print."""
    for name in ("audit", "verify"):
        assert main([name, "tables/table1", "--results", str(results)]) in (0, 1, 2)
    out, err = capsys.readouterr()
    return out + err


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../../../etc/passwd",
        "results/tiny/../../secret",
        "results/other/x.h5",
        "elsewhere",
        "",
        "results/tiny/\0",
        "results/tiny/" + "x" * 5000,
    ],
)
def test_a_record_that_names_a_file_outside_is_refused(results, capsys, path):
    inputs = {"train": [{"path": path, "sha256": "0" * 64, "bytes": 1}]}
    rewrite(results / BANK, inputs=inputs)
    told = fault(results)
    assert told.startswith(("the record names a file outside", "the record names what no file"))
    commands(results, capsys)


def test_an_artifact_that_is_a_link_out_of_the_folder_is_refused(results, capsys, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (results / BANK).unlink()
    (results / BANK).symlink_to(tmp_path / "secret")
    assert fault(results) == "it is a link that leads out of results/tiny"
    assert "link that leads out" in commands(results, capsys)


def test_a_record_that_is_a_link_out_or_no_file_is_refused(results, capsys, tmp_path):
    record = record_path(results / BANK)
    record.rename(tmp_path / "kept")
    record.symlink_to(tmp_path / "kept")
    assert fault(results) == "the record is no file of this folder"
    for make in (os.mkfifo, os.mkdir, lambda path: path.symlink_to(path.name)):
        record.rmdir() if record.is_dir() else record.unlink()
        make(record)
        assert fault(results) == "the record is no file of this folder"
    commands(results, capsys)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 200_000, "not JSON"),
        ('{"a": ' * 100_000, "not JSON"),
        ('{"seconds": NaN}', "not JSON"),
        ("9" * 10_000, "not JSON"),
        ("[]", "record_version: found list"),
        ("null", "record_version: found NoneType"),
        ('{"record_version": 1}', "record_version: found 1, allowed: 2"),
        ('{"record_version": "' + "x" * 10_000 + '"}', "record_version: found xxx"),
        ('{"record_version": 2}', "not as it was written"),
    ],
)
def test_what_is_no_record_is_refused_in_one_line(results, capsys, text, told):
    record_path(results / BANK).write_text(text)
    assert told in fault(results)
    assert len(fault(results)) < 300
    commands(results, capsys)


def test_bytes_that_are_no_text_are_refused(results):
    record_path(results / BANK).write_bytes(b"\xff\xfe\x00")
    assert "not JSON" in fault(results)


def test_a_huge_record_is_not_read(results, monkeypatch):
    record = record_path(results / BANK)
    record.write_text(record.read_text() + " " * 10**6)
    monkeypatch.setattr(graph, "MAX_BYTES", 10**6)
    assert "bytes, allowed 1000000" in fault(results)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"verb": 3}, "verb: found 3"),
        ({"inputs": [1]}, "inputs: found [1]"),
        ({"seconds": "long"}, "seconds: found 'long'"),
        ({"artifact": {"path": "x", "sha256": "y", "bytes": -1}}, "artifact"),
        ({"code": {}}, "code.fingerprint: missing"),
        ({"outputs": []}, "does not list its own file"),
    ],
)
def test_a_record_of_another_shape_is_refused(results, capsys, changes, told):
    rewrite(results / BANK, **changes)
    assert told in fault(results)
    commands(results, capsys)


def test_a_fingerprint_that_is_not_that_of_its_modules_is_refused(results):
    code = json.loads(record_path(results / BANK).read_text())["code"]
    rewrite(results / BANK, code={**code, "fingerprint": "0" * 64})
    assert "is not that of the modules listed" in fault(results)


def test_words_that_steer_a_terminal_are_spelled_out(results, capsys):
    rewrite(results / BANK, params={"threads": {"key": "\x1b[2J\n\u202eevil", "value": "\x07"}})
    told = commands(results, capsys)
    assert "\\x1b[2J" in told
    assert not {"\x1b", "\x07", "\u202e"} & set(told)


def test_parameters_and_tables_of_a_foreign_shape_do_no_harm(results, capsys):
    rewrite(results / "tables/table1.csv", params={"panel": 3, "rows": {"value": [[]]}})
    rewrite(results / "metrics/real.json", params={"panel": {"value": 7}})
    commands(results, capsys)
    cell = ["--cell", "real images,sup", "--results", str(results)]
    assert main(["audit", "tables/table1", *cell]) in (0, 2)


def test_a_record_nested_beyond_measure_is_refused(results, capsys):
    params: dict = {}
    for _ in range(400):
        params = {"x": params}
    rewrite(results / BANK, params=params)
    assert fault(results) == "the record is nested 402 levels deep, allowed 50"
    commands(results, capsys)


def test_a_circle_of_records_ends(results, capsys):
    for one, other in (("sup", "pixels"), ("pixels", "sup")):
        told = json.loads(record_path(results / f"banks/{other}.h5").read_text())["artifact"]
        rewrite(results / f"banks/{one}.h5", inputs={"train": [told]})
    assert "(above)" in commands(results, capsys)


def test_a_folder_without_records_says_so(tmp_path, capsys):
    assert main(["audit", "tables/table1", "--results", str(tmp_path)]) == 2
    assert "holds no record (*.prov.json); make results first" in capsys.readouterr().err
