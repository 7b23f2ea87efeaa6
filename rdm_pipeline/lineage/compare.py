"""What differs between a record and what would be made now, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rdm_pipeline.lineage.accepted import Acceptance, original
from rdm_pipeline.lineage.fingerprint import combined, module_hashes
from rdm_pipeline.lineage.graph import Graph, Record
from rdm_pipeline.lineage.shown import compact, few, leaves

DIGITS = 16
LONGEST = 60  # characters of a value in a sentence


@dataclass(frozen=True)
class Plan:
    """What the workflow would make an artifact from now: parameters with keys, files by role."""

    params: Mapping[str, Any]
    inputs: Mapping[str, Sequence[str]]

    @property
    def files(self) -> list[str]:
        """All inputs, role by role."""
        return [path for paths in self.inputs.values() for path in paths]


def parameter_changes(record: Record, plan: Plan) -> list[str]:
    """Return each parameter that was another when the artifact was made: key, old, new value."""
    old, new = leaves(record.params), leaves(plan.params)
    return [
        change
        for key in sorted(old.keys() | new.keys())
        for change in _value_changes(key, old.get(key, _ABSENT), new.get(key, _ABSENT))
    ]


def input_changes(graph: Graph, record: Record, plan: Plan | None) -> list[str]:
    """Return each input that is another file, or other bytes, than what was read."""
    read = {file.path: file.sha256 for file in record.files_read}
    changes = [
        f"{graph.short(path)}: was read as {sha[:DIGITS]}, is {now[:DIGITS]}"
        for path, sha in sorted(read.items())
        if (now := graph.records[path].artifact.sha256 if path in graph.records else sha) != sha
    ]
    if plan is None:
        return changes
    planned = {*plan.files}
    changes += [f"{graph.short(p)}: is read now, was not" for p in sorted(planned - {*read})]
    changes += [f"{graph.short(p)}: was read, is no more" for p in sorted({*read} - planned)]
    return changes + (_changed_roles(record, plan) if planned == {*read} else [])


def _changed_roles(record: Record, plan: Plan) -> list[str]:
    """Return the roles that the same files have been given anew."""
    was = {role: [file.path for file in files] for role, files in record.inputs.items() if files}
    now = {role: list(paths) for role, paths in plan.inputs.items() if paths}
    roles = sorted(was.keys() | now.keys())
    changed = [role for role in roles if was.get(role) != now.get(role)]
    return [f"{role}: its files are others, or in another order" for role in changed]


def code_changes(record: Record, accepted: Sequence[Acceptance]) -> list[str]:
    """Return the files of modules that changed since; none if the change has been accepted."""
    old, new = record.code.modules, module_hashes(record.verb)
    found = original(record.verb, record.code.fingerprint, accepted)
    if found == original(record.verb, combined(new), accepted):
        return []
    return changed_modules(old, new)


def changed_modules(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return the files of modules that changed, came or went."""
    return [
        f"{name.replace('.', '/')}.py"
        + (" (new)" if name not in old else " (gone)" if name not in new else "")
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def in_words(changes: Sequence[str]) -> str:
    """Return changes as one phrase."""
    return few(list(changes), 4)


_ABSENT = object()


def _value_changes(key: str, old: Any, new: Any) -> list[str]:
    """Return what differs between two values, in trees at the keys where they differ."""
    if old == new:
        return []
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return [
            change
            for part in sorted(old.keys() | new.keys())
            for change in _value_changes(
                f"{key}.{part}", old.get(part, _ABSENT), new.get(part, _ABSENT)
            )
        ]
    return [f"{key}: was {_short(old)}, is {_short(new)}"]


def _short(value: Any) -> str:
    text = "not there" if value is _ABSENT else compact(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
