"""Accepted changes of code: for one verb and exactly one pair of old and new code."""

import json

import pytest

from rdm_pipeline.cli import main
from rdm_pipeline.errors import RdmError
from rdm_pipeline.lineage import accepted
from rdm_pipeline.lineage.accepted import accept, acceptances, accepted_fingerprint, original
from rdm_pipeline.lineage.fingerprint import fingerprint
from rdm_pipeline.lineage.record import start

OLD, OTHER = "0" * 64, "1" * 64


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(accepted, "FILE", tmp_path / "accepted.json")
    return tmp_path / "accepted.json"


def test_without_a_file_every_code_stands_for_itself():
    assert acceptances() == []
    assert accepted_fingerprint("train") == fingerprint("train")


def test_an_accepted_code_stands_for_the_old_one_of_that_verb_only():
    accept("train", OLD, ["a.py"], "why", "someone")
    assert accepted_fingerprint("train") == OLD
    assert accepted_fingerprint("sample") == fingerprint("sample")
    assert original("train", OTHER, acceptances()) == OTHER
    assert original("sample", fingerprint("train"), acceptances()) == fingerprint("train")


def test_records_hold_the_code_itself_and_what_it_is_accepted_as():
    accept("train", OLD, ["a.py"], "why", "someone")
    code = start("train").code
    assert (code["fingerprint"], code["accepted_as"]) == (fingerprint("train"), OLD)


def test_the_next_change_is_not_accepted_by_an_earlier_entry(monkeypatch):
    accept("train", OLD, ["a.py"], "why", "someone")
    monkeypatch.setattr(accepted, "fingerprint", lambda verb: OTHER)
    assert accepted_fingerprint("train") == OTHER


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"old": "short"}, "old: found 'short'"),
        ({"reason": ""}, "reason: found ''"),
        ({"why": "x"}, "why: unknown key"),
        ({"verb": None}, "verb: found None"),
    ],
)
def test_a_faulty_file_is_one_line(file, entry, told):
    accept("train", OLD, ["a.py"], "why", "someone")
    file.write_text(json.dumps([{**json.loads(file.read_text())[0], **entry}]))
    with pytest.raises(RdmError, match=r"accepted\.json: ") as error:
        acceptances()
    assert told in str(error.value)


def test_it_asks_for_a_verb_and_a_reason(capsys):
    for arguments in (["trian", "--reason", "x"], ["train"]):
        with pytest.raises(SystemExit):
            main(["accept", *arguments])
    assert "--reason" in capsys.readouterr().err
