"""What the pages of a report link to."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from posixpath import normpath
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The addresses, the anchors and the elements of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.anchors: set[str] = set()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [value for name, value in attrs if name in ("href", "src")]
        self.anchors |= {value for name, value in attrs if name == "id"}

    def handle_data(self, data):
        self.text.append(data)


def pages(site: Path) -> dict[str, Page]:
    """Return every page of a report by its path."""
    return {
        file.relative_to(site).as_posix(): Page(file.read_text("utf-8"))
        for file in site.rglob("*.html")
    }


def dead_links(site: Path) -> Iterator[str]:
    """Yield the links that lead to no file, to no place in a page, or out of the report."""
    known = pages(site)
    for name, page in known.items():
        for address in page.addresses:
            if address == "data:,":
                continue
            parts = urlsplit(address)
            target = (
                normpath(PurePosixPath(name).parent / unquote(parts.path)) if parts.path else name
            )
            if parts.scheme or parts.netloc or target.startswith(("/", "..")):
                yield f"{name}: {address} leads out"
            elif not (site / target).is_file():
                yield f"{name}: {address} is no file"
            elif parts.fragment and parts.fragment not in known[target].anchors:
                yield f"{name}: {address} is no place"
