"""Code changes that a person has declared to leave a verb's results as they are: accepted.json.

A rule shows Snakemake and DVC the accepted fingerprint, so nothing runs again for such a change.
An entry holds for one verb and for exactly one pair of old and new code; git shows who wrote it.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from rdm_pipeline.artifacts import read_json, write_json
from rdm_pipeline.errors import RdmError
from rdm_pipeline.lineage.fingerprint import ROOT, fingerprint
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.explain import explain

FILE = ROOT.parent / "accepted.json"

Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Acceptance(Section):
    """One declaration: results made by the code `old` stand for those of the code `new`."""

    verb: str
    old: Hash
    new: Hash
    modules: list[str]
    reason: Annotated[str, Field(min_length=1)]
    who: str
    date: str


def acceptances(file: Path | None = None) -> list[Acceptance]:
    """Return what has been accepted, none if the file is not there; RdmError for a faulty one."""
    file = file or FILE
    if not file.exists():
        return []
    tree = read_json(file)
    try:
        return TypeAdapter(list[Acceptance]).validate_python(tree)
    except ValidationError as error:
        raise RdmError(f"{file.name}: {explain(error, tree)}") from None


def original(verb: str, found: str, accepted: Sequence[Acceptance]) -> str:
    """Return the fingerprint whose results stand for those of the code `found`."""
    return next((a.old for a in accepted if (a.verb, a.new) == (verb, found)), found)


def accepted_fingerprint(verb: str) -> str:
    """Return the hash that rules show Snakemake and DVC for the code behind a verb."""
    return original(verb, fingerprint(verb), acceptances())


def accept(verb: str, old: str, modules: list[str], reason: str, who: str) -> Acceptance:
    """Declare that the code of `verb` as it is now makes what the code `old` made."""
    new = Acceptance(
        verb=verb,
        old=old,
        new=fingerprint(verb),
        modules=modules,
        reason=reason,
        who=who,
        date=date.today().isoformat(),
    )
    write_json(FILE, [entry.model_dump() for entry in [*acceptances(), new]])
    return new
