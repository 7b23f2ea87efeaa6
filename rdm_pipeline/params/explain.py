"""Faults in parameters as one line for a person: the key, what was found, what is allowed."""

from collections.abc import Sequence
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails


def explain(error: ValidationError, tree: Any) -> str:
    """Return one line for the first fault in `tree`: the key, what was found, what is allowed."""
    faults = error.errors()
    key = _dotted(faults[0], tree)
    others = {_dotted(fault, tree) for fault in faults} - {key}
    return _line(key, [fault for fault in faults if _dotted(fault, tree) == key]) + (
        f" (and {len(others)} more)" if others else ""
    )


def _line(key: str, faults: Sequence[ErrorDetails]) -> str:
    first = faults[0]
    if first["type"] == "value_error":
        # checks of our own say the rest of the key themselves
        return f"{key}.{first['ctx']['error']}".removeprefix(".")
    if first["type"] == "missing":
        return f"{key}: missing"
    if first["type"] == "union_tag_not_found":
        return f"{key}.kind: missing"
    if first["type"] == "union_tag_invalid":
        allowed = first["ctx"]["expected_tags"]
        return f"{key}.kind: found {first['ctx']['tag']!r}, allowed: {allowed}"
    # every member of a union says what it would have allowed
    allowed = " or ".join(fault["msg"].removeprefix("Input should be ") for fault in faults)
    return f"{key}: found {_short(first['input'])}, allowed: {allowed}{_hint(first)}"


def _dotted(fault: ErrorDetails, tree: Any) -> str:
    """Return the key at fault; pydantic mixes in members of unions, which are no keys."""
    parts = []
    for part in fault["loc"]:
        try:
            tree = tree[part]
        except (LookupError, TypeError):
            if fault["type"] != "missing" or part != fault["loc"][-1]:
                continue
        parts.append(str(part))
    return ".".join(parts)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


def _hint(fault: ErrorDetails) -> str:
    """Return what to write for a number that YAML reads as text, such as 1e-3."""
    try:
        number = float(fault["input"]) if isinstance(fault["input"], str) else None
    except ValueError:
        number = None
    if number is None or fault["type"] not in ("int_type", "float_type"):
        return ""
    written = yaml.safe_dump(int(number) if number.is_integer() else number).split()[0]
    return f"; this is text to YAML: write {written}"
