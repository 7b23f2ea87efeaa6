"""Names in parameters: those that must be there, and those that must be free."""

from collections.abc import Collection, Iterable
from typing import Annotated

from pydantic import StringConstraints

# What wildcards of rules stand for: names of folders and files.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", strict=True)]


def require(key: str, found: str, allowed: Collection[str]) -> None:
    """Raise ValueError for a name under `key` that is none of those allowed."""
    if found not in allowed:
        raise ValueError(
            f"{key}: found {found!r}, allowed: {', '.join(allowed) or 'none is declared'}"
        )


def require_free(section: str, names: Iterable[str], taken: Iterable[str]) -> None:
    """Raise ValueError for a name of a section that is taken."""
    for name in names:
        if name in taken:
            allowed = f"any name but {', '.join(taken)}"
            raise ValueError(f"{section}.{name}: found {name!r}, allowed: {allowed}")
