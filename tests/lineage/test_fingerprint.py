"""Fingerprints: they change with what is computed and with nothing else. Tried on a copy."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdm_pipeline.catalog import VERBS
from rdm_pipeline.lineage.fingerprint import ROOT, fingerprint, modules, normalised

ASK = """
import json, sys
from rdm_pipeline.lineage.fingerprint import fingerprint
print(json.dumps({verb: fingerprint(verb) for verb in sys.argv[1:]}))
"""


@pytest.fixture
def copied(tmp_path):
    target = tmp_path / "rdm_pipeline"
    shutil.copytree(ROOT, target, ignore=shutil.ignore_patterns("__pycache__"))
    return target


def changed_verbs(copied: Path) -> set[str]:
    """Return the verbs whose fingerprint in the copied package differs from the original's."""
    done = subprocess.run(
        [sys.executable, "-c", ASK, *VERBS],
        env={**os.environ, "PYTHONPATH": str(copied.parent)},
        cwd=copied.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return {verb for verb, found in json.loads(done.stdout).items() if found != fingerprint(verb)}


def edit(copied: Path, module: str, change: Callable[[str], str]) -> None:
    path = copied / module
    before = path.read_text()
    path.write_text(change(before))
    assert path.read_text() != before


def test_comments_docstrings_and_formatting_change_no_verb(copied):
    edit(copied, "artifacts.py", lambda text: text + "\n# a comment\n")
    edit(copied, "discrepancies/nystrom.py", lambda text: text.replace('"""', '"""Also: ', 1))
    edit(copied, "training/loop.py", lambda text: text.replace("\n\n\n", "\n\n\n\n\n"))
    edit(
        copied,
        "reporting/tables.py",
        lambda text: text.replace("\n    return ", "\n\n    return   "),
    )
    assert changed_verbs(copied) == set()


def test_a_change_in_reporting_changes_the_tables_and_not_the_training(copied):
    edit(copied, "reporting/tables.py", lambda text: text + "\nEXTRA = 1\n")
    tables = {"table", "comparison", "axis", "alone", "spiral_table", "spiral_ranking"}
    tables |= {"win_rates", "geneval_table", "geneval_seeds", "pickscore_table", "costs", "site"}
    assert changed_verbs(copied) == tables


def test_a_change_in_a_discrepancy_changes_every_verb_that_reaches_it(copied):
    edit(copied, "discrepancies/nystrom.py", lambda text: text + "\nEXTRA = 1\n")
    assert changed_verbs(copied) == {"train", "floors", "reference", "spiral"}


def test_a_change_in_what_all_share_changes_every_verb(copied):
    edit(copied, "artifacts.py", lambda text: text + "\nEXTRA = 1\n")
    assert changed_verbs(copied) == set(VERBS)


def test_a_module_that_no_verb_imports_changes_none(copied):
    (copied / "extra.py").write_text("EXTRA = 1\n")
    edit(copied, "cli.py", lambda text: text + "\nEXTRA = 1\n")
    assert changed_verbs(copied) == set()


def test_a_verb_reaches_its_own_module_and_what_it_imports_in_turn():
    found = modules("train")
    assert found == sorted(set(found))
    assert {"rdm_pipeline.verbs.train", "rdm_pipeline.training.controller"} <= set(found)
    assert not [name for name in found if ".reporting" in name or ".evaluation" in name]


FUNCTION = """
def scale(values, factor=2.0):
    return [factor * value for value in values if value is not None]
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2.0", "2.5"),
        ("2.0", "None"),
        ("2.0", "2"),
        ("factor * value", "factor + value"),
        ("is not", "is"),
        ("None]", "None][:]"),
        ("scale", "scaled"),
        ("return", "yield"),
    ],
)
def test_every_change_of_meaning_is_seen(old, new):
    assert normalised(FUNCTION) != normalised(FUNCTION.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("):\n", '):\n    """Multiply."""\n'),
        ("factor * value", "(factor) * value  # why\n"),
        ("values, factor", "values,\n          factor"),
        ("2.0", "2.00"),
        ("\ndef", '\n"""A module."""\n\n\ndef'),
    ],
)
def test_what_only_a_reader_sees_is_not(old, new):
    assert normalised(FUNCTION) == normalised(FUNCTION.replace(old, new))


@given(st.text(max_size=20))
def test_texts_that_are_no_docstrings_count(text):
    assert normalised(f"a = {text!r}") != normalised(f"a = {text + 'x'!r}")
    assert normalised(f"{text!r}") == normalised("''")
