"""What tables and figures may be asked for, given the rest of a profile."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rdm_pipeline.params.names import require, require_free

if TYPE_CHECKING:
    from rdm_pipeline.params.project import Project

# Names of tables with rules of their own: a comparison of that name would be made by two rules.
OF_SPIRAL = ("fig3", "fig4_spiral", "table4_spiral")
OF_PROMPTS = ("table2", "table2_seeds", "pickscore")
TABLES = ("table1", *OF_PROMPTS, "table7", "fig1", "fig5", "fig6", *OF_SPIRAL)


def require_report(project: "Project") -> None:
    """Raise ValueError for a table or a figure of what the profile does not have."""
    for table in ("table1", "table7"):
        _require_rows(project, f"report.{table}.rows", getattr(project.report, table).rows)
    _require_comparisons(project)
    _require_fig1(project)
    _require_fig5(project)
    _require_fig6(project)
    _require_geneval(project)
    _require_pickscore(project)


def _require_comparisons(project: "Project") -> None:
    experiments = project.experiments
    require_free("report.comparisons", project.report.comparisons, TABLES)
    for name, table in project.report.comparisons.items():
        key = f"report.comparisons.{name}"
        require(f"{key}.experiment", table.experiment, experiments)
        for row in table.rows:
            require(f"{key}.rows", row, experiments[table.experiment].variants)
            if table.scored_on == "panel":
                run = experiments[table.experiment].members(table.experiment, row)[0]
                _require_unseen(project, f"{key}.scored_on", run)
        _require_rows(project, f"{key}.baselines", table.baselines)
        for row in table.paper_order:
            require(f"{key}.paper_order", row, table.rows)
        require(f"{key}.scored_on", table.scored_on, ["panel", *project.encoders])


def _require_fig1(project: "Project") -> None:
    for run in project.report.fig1.runs if project.report.fig1 else []:
        if run not in project.runs:
            allowed = f"{', '.join(project.own_runs)} or a member of an experiment"
            raise ValueError(f"report.fig1.runs: found {run!r}, allowed: {allowed}")
        _require_unseen(project, "report.fig1.runs", run)
        _require_label(project, run)


def _require_fig5(project: "Project") -> None:
    alone = project.report.fig5
    if alone is None:
        return
    require("report.fig5.experiment", alone.experiment, project.experiments)
    experiment = project.experiments[alone.experiment]
    require("report.fig5.variant", alone.variant, experiment.variants)
    _require_rows(project, "report.fig5.beside", alone.beside)
    run = experiment.members(alone.experiment, alone.variant)[0]
    _require_unseen(project, "report.fig5.variant", run)
    if len(project.battery(run)) != 1:
        found = ", ".join(project.battery(run))
        raise ValueError(f"report.fig5.variant: trains on {found}, allowed: on one encoder")


def _require_fig6(project: "Project") -> None:
    figure, preference = project.report.fig6, project.evaluation.preference
    if figure is None:
        return
    if preference is None or preference.classes is None:
        raise ValueError("evaluation.preference.classes: missing, report.fig6 is scored by it")
    _require_rows(project, "report.fig6.run", [figure.run])
    _require_rows(project, "report.fig6.against", figure.against)


def _require_geneval(project: "Project") -> None:
    geneval, report = project.evaluation.geneval, project.report
    generators = ["real", *project.drawn]
    for name in ("table2", "table2_seeds"):
        if getattr(report, name) and geneval is None:
            raise ValueError(f"evaluation.geneval: missing, report.{name} is scored by it")
    for row in report.table2.rows if report.table2 else []:
        require("report.table2.rows", row, generators)
        _require_label(project, row)
    for label, rows in report.table2_seeds.rows.items() if report.table2_seeds else []:
        for row in rows:
            require(f"report.table2_seeds.rows.{label}", row, generators)
    if geneval is not None:
        geneval.require_prompts(project.dataset.kind)
        if report.table2_seeds:
            detector = report.table2_seeds.detector
            require("report.table2_seeds.detector", detector, geneval.detectors)


def _require_pickscore(project: "Project") -> None:
    table, preference = project.report.pickscore, project.evaluation.preference
    if table is None:
        return
    if preference is None or not preference.lists:
        raise ValueError("evaluation.preference.lists: missing, report.pickscore is scored by it")
    for row in table.rows:
        require("report.pickscore.rows", row, project.drawn)
        _require_label(project, row)
    _require_once("report.pickscore.rows", table.rows)
    labels = [told.label for told in preference.lists.values()]
    _require_once("evaluation.preference.lists: label", labels)
    require("report.pickscore.against", table.against, table.rows)


def _require_once(key: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{key}: found {name!r} twice, allowed: once")


def _require_rows(project: "Project", key: str, rows: Iterable[str]) -> None:
    """Rows are real images or what is no member of an experiment, and have a label."""
    for row in rows:
        require(key, row, ["real", *project.warm_starts, *project.samples, *project.own_runs])
    for row in rows:
        _require_label(project, row)


def _require_label(project: "Project", row: str) -> None:
    if row not in project.report.labels:
        raise ValueError(f"report.labels.{row}: missing")


def _require_unseen(project: "Project", key: str, run: str) -> None:
    """Scores of the whole panel are of runs that never saw its held-out encoders."""
    for encoder in project.battery(run):
        if project.encoders[encoder].role == "held_out":
            found = f"scores of the panel of {run}, which trains on held-out {encoder}"
            raise ValueError(f"{key}: found {found}, allowed: a run on training encoders")
