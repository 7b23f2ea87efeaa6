"""What the report is made from: which tables, figures and runs, and what it reads."""

from collections.abc import Sequence

from rdm_pipeline.lineage.accepted import Acceptance
from rdm_pipeline.workflow import Workflow


def site_tables(workflow: Workflow) -> list[str]:
    """The tables of the report, as CSV and Markdown."""
    also, told = workflow.project.report.site.also, workflow.project.report
    names = ["table1", "table7"]
    if "ablations" in also:
        names += [*told.comparisons, *(["fig5"] if told.fig5 else [])]
    names += [n for n in ("fig1", "fig6", "table2", "table2_seeds", "pickscore") if n in also]
    if "studies" in also:
        names += ["fig3", "fig4_spiral", "table4_spiral"]
    return [f"{workflow.results}/tables/{name}.{kind}" for name in names for kind in ("csv", "md")]


def site_figures(workflow: Workflow) -> list[str]:
    """The figures of the report."""
    also, told = workflow.project.report.site.also, workflow.project.report
    names = [f"samples-{name}" for name in ("real", *workflow.reported)]
    names += [f"training-{run}" for run in workflow.project.own_runs]
    if "ablations" in also:
        names += ["fig4"] if "table6" in told.comparisons else []
        names += ["fig5"] if told.fig5 else []
        names += [f"{k}-{run}" for k in ("samples", "training") for run in workflow.alone_runs()]
    names += [name for name in ("fig1", "fig6", "table2") if name in also]
    if "studies" in also:
        names += ["fig3", "fig4_spiral"]
    return [f"{workflow.results}/figures/{name}.png" for name in names]


def site_runs(workflow: Workflow, file: str) -> list[str]:
    """A file of each run of the report."""
    also, told = workflow.project.report.site.also, workflow.project.report
    runs = [*workflow.project.own_runs]
    if "ablations" in also:
        runs += [run for name in told.comparisons for run in workflow.members(name)]
        runs += workflow.alone_runs()
    return [f"{workflow.results}/runs/{run}/{file}" for run in dict.fromkeys(runs)]


def site_values(workflow: Workflow, accepted: Sequence[Acceptance], templates: str) -> str:
    """What the report reads."""
    told = [entry.model_dump() for entry in accepted]
    return workflow.pick({"power": "report.site.power"}, accepted=told, templates=templates)
