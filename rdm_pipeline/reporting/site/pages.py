"""All files of the report, from what the verb has read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from rdm_pipeline.lineage.audit import code_text, machine_text
from rdm_pipeline.lineage.graph import Record
from rdm_pipeline.reporting.site.address import Addresses, page_of, safe
from rdm_pipeline.reporting.site.contents import Contents
from rdm_pipeline.reporting.site.curves import Chart, charts, stride
from rdm_pipeline.reporting.site.dag import drawing
from rdm_pipeline.reporting.site.lineage import Link, in_force, link_to, parameters, story
from rdm_pipeline.reporting.site.render import assets, page_html
from rdm_pipeline.reporting.site.steps import Cost, cost, costs, named_after, steps_of
from rdm_pipeline.reporting.site.tables import Number, ShownTable, numbers_of, shown_table


@dataclass(frozen=True)
class Figure:
    """A picture in the report, and the page of its lineage."""

    name: str
    file: str
    link: str | None


@dataclass(frozen=True)
class Subject:
    """A run or an encoder: its page, its artifacts and what they cost, its part of the tables."""

    name: str
    page: str
    path: str
    record: Record
    artifacts: Sequence[Link]
    cost: Cost
    tables: Sequence[ShownTable]


def site_files(contents: Contents) -> dict[str, bytes]:
    """Return the report's files by their path within it; RdmError for tables that are none."""
    book = Book(contents)
    files = assets()
    for path, data in contents.figures.items():
        files[_picture(path)] = data
    for table in book.tables:
        files[table.file] = contents.tables[table.path].csv.encode()
    for page, template, values in book.pages():
        files[page] = page_html(page, template, book=book, **values)
    return files


class Book:
    """What the pages share, and what each of them shows."""

    def __init__(self, contents: Contents) -> None:
        self.contents, self.graph = contents, contents.graph
        self.power, self.accepted = contents.power, contents.accepted
        self.name = PurePosixPath(contents.graph.prefix).name
        self.addresses = Addresses(contents.graph)
        self.steps = steps_of(contents.graph)
        self.tables = [
            shown_table(self.graph, self.addresses, path, printed, contents.generators)
            for path, printed in contents.tables.items()
        ]
        self.numbers = numbers_of(self.graph, self.tables)
        self.figures = [
            Figure(PurePosixPath(path).stem, _picture(path), self.addresses.artifact(path))
            for path in contents.figures
        ]

    def pages(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield each page, its template and what only it shows."""
        for name in ("index", "figures", "cost", "graph"):
            yield f"{name}.html", name, {}
        for table in self.tables:
            yield table.page, "table", {"table": table}
        for number in self.numbers:
            told = story(self.graph, self.addresses, number)
            stand_in = in_force(self.accepted, told.records)
            yield number.page, "number", {"number": number, "story": told, "accepted": stand_in}
        for run in self.runs:
            yield run.page, "run", {"run": run, **self._training(run.name)}
        for encoder in self.encoders:
            yield encoder.page, "encoder", {"encoder": encoder, **self._encoder(encoder.name)}
        for path, record in self.graph.records.items():
            page = self.addresses.artifact(path)
            if page and "#" not in page:
                yield page, "artifact", self._artifact(path, record)

    # --- what templates ask for -----------------------------------------------------------------

    @cached_property
    def runs(self) -> list[Subject]:
        """Runs and warm starts."""
        return [self._subject("runs", *item) for item in sorted(self.contents.generators.items())]

    @cached_property
    def encoders(self) -> list[Subject]:
        """Encoders of the panel and the judge's."""
        weights = {
            PurePosixPath(path).stem: path
            for path, record in self.graph.records.items()
            if record.verb == "encoder"
        }
        order = [*self.contents.cards, *sorted(weights.keys() - self.contents.cards.keys())]
        return [self._subject("encoders", name, weights[name]) for name in order if name in weights]

    @cached_property
    def charts(self) -> dict[str, list[Chart]]:
        """The charts of each run that has a history."""
        floors = self.contents.floors
        return {run: charts(told, floors[run]) for run, told in self.contents.histories.items()}

    @cached_property
    def costs(self) -> list[Cost]:
        """What each step took."""
        return costs(self.graph, self.steps, self.power)

    @cached_property
    def total(self) -> Cost:
        """What all steps took."""
        return cost("all", list(self.graph.records.values()), self.power)

    @cached_property
    def drawing(self) -> Any:
        """The graph of steps."""
        return drawing(self.graph, self.steps)

    @cached_property
    def codes(self) -> list[str]:
        """Every code of the package that made something."""
        return sorted({code_text(record) for record in self.graph.records.values()})

    @cached_property
    def machines(self) -> list[str]:
        """Every machine that made something, with the versions it had."""
        return sorted({machine_text(record) for record in self.graph.records.values()})

    def of_step(self, step: str) -> list[Link]:
        """Return the artifacts of a step; shards go with the whole."""
        paths = [path for path, one in self.steps.items() if one == step]
        return [self.link(path) for path in paths if path not in self.addresses.whole]

    def link(self, path: str) -> Link:
        """Return a link to an artifact."""
        return link_to(self.graph, self.addresses, path)

    def card(self, encoder: str) -> Mapping[str, Any]:
        """Return what is known of an encoder; nothing for one without a card."""
        return self.contents.cards.get(encoder, {})

    def figures_of(self, run: str) -> list[Figure]:
        """Return the pictures of a run."""
        return [figure for figure in self.figures if figure.name.partition("-")[2] == run]

    def params(self, record: Record) -> list[tuple[str, str]]:
        """Return what a verb was given."""
        return parameters(record)

    def encoder_page(self, name: str) -> str:
        """Return the page of an encoder."""
        return page_of("encoders", name)

    def run_page(self, name: str) -> str:
        """Return the page of a run."""
        return page_of("runs", name)

    def step_anchor(self, step: str) -> str:
        """Return what a step is called on the page of the graph."""
        return f"s-{safe(step)}"

    def code(self, record: Record) -> str:
        """Return which code of the package made an artifact."""
        return code_text(record)

    def machine(self, record: Record) -> str:
        """Return where an artifact was made."""
        return machine_text(record)

    # --- what single pages show -----------------------------------------------------------------

    def _subject(self, kind: str, name: str, path: str) -> Subject:
        mine = named_after(self.graph, name)
        tables = [t.rows_of(name) if kind == "runs" else t.columns_of(name) for t in self.tables]
        return Subject(
            name=name,
            page=page_of(kind, name),
            path=path,
            record=self.graph.records[path],
            artifacts=[self.link(p) for p in mine if p not in self.addresses.whole],
            cost=cost(name, [self.graph.records[p] for p in mine], self.power),
            tables=[table for table in tables if table.rows and table.columns],
        )

    def _training(self, run: str) -> dict[str, Any]:
        history = self.contents.histories.get(run, [])
        skipped = sum("skipped" in entry for entry in history)
        return {
            "charts": self.charts.get(run, []),
            "taken": len(history) - skipped,
            "skipped": skipped,
            "stride": stride(len(history) - skipped),
        }

    def _encoder(self, name: str) -> dict[str, Any]:
        found = [
            (run, chart)
            for run, of_run in self.charts.items()
            for chart in of_run
            if chart.name == name
        ]
        return {"trained": found}

    def _artifact(self, path: str, record: Record) -> dict[str, Any]:
        inputs = {
            role: [
                (link_to(self.graph, self.addresses, file.path, {file.sha256}), file)
                for file in files
            ]
            for role, files in record.inputs.items()
        }
        shards = [(p, self.graph.records[p]) for p in self.addresses.shards.get(path, [])]
        return {
            "path": path,
            "record": record,
            "inputs": {} if shards else inputs,
            "shards": shards,
            "siblings": [self.link(f.path) for f in record.outputs if f.path != path],
            "readers": [self.link(p) for p in self.graph.readers.get(path, ())],
            "numbers": self._numbers_from(path),
            "accepted": in_force(self.accepted, [record]),
        }

    def _numbers_from(self, path: str) -> list[Number]:
        return [number for number in self.numbers if path in number.source.inputs]


def _picture(path: str) -> str:
    return f"figures/{safe(PurePosixPath(path).stem)}.png"
