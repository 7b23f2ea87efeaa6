"""How records are shown to a person: short, and harmless whatever they hold."""

import json
from collections.abc import Mapping, Sequence
from typing import Any


def printable(text: str) -> str:
    """Return a text without characters that steer a terminal; they are spelled out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def compact(value: Any) -> str:
    """Return a value as JSON on one line."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def leaves(picked: Any, role: str = "") -> dict[str, Any]:
    """Return what a verb was given, by key of params.yaml where there is one, else by role."""
    if not isinstance(picked, Mapping):
        return {role: picked}
    if "value" in picked:
        return {str(picked.get("key", role)): picked["value"]}
    return {
        key: value
        for name, child in picked.items()
        for key, value in leaves(child, f"{role}.{name}".strip(".")).items()
    }


def few(names: Sequence[str], most: int = 3) -> str:
    """Return the first names and how many more there are."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def size(count: float) -> str:
    """Return a number of bytes as a person reads it."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
