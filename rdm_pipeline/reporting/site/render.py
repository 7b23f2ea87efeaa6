"""Templates to HTML: everything is escaped, control characters are spelled out."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rdm_pipeline.lineage.shown import printable, size
from rdm_pipeline.reporting.site.address import up

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
ASSETS = ("style.css", "report.js")  # copied as they are


def page_html(page: str, template: str, **values: Any) -> bytes:
    """Return a page; links in it are relative to where it lies."""
    text = _environment().get_template(f"{template}.html").render(up=up(page), page=page, **values)
    return text.encode()


def assets() -> dict[str, bytes]:
    """Return the style sheet and the script."""
    return {name: (TEMPLATES / name).read_bytes() for name in ASSETS}


def templates_hash() -> str:
    """Return the hash of all templates: what is not Python has no part in a code fingerprint."""
    digest = hashlib.sha256()
    for file in sorted(TEMPLATES.iterdir()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def duration(seconds: float) -> str:
    """Return a time as a person reads it."""
    if seconds < 100:
        return f"{seconds:.3g} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.3g} min"
    return f"{seconds / 3600:.3g} h"


def energy(watt_hours: float) -> str:
    """Return an energy as a person reads it."""
    return f"{watt_hours:.3g} Wh" if watt_hours < 1000 else f"{watt_hours / 1000:.3g} kWh"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"size": size, "duration": duration, "energy": energy}
    return environment


def _shown(value: Any) -> Any:
    return value if isinstance(value, Markup) else printable(str(value))
