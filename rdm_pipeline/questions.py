"""What is asked of the records on the command line; what answers is imported when it is asked."""

import argparse
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

TARGET = "an artifact, such as tables/table1"


def audit(**options: Any) -> int:
    """Print the chain from a number, a table or a picture back to the raw files."""
    from rdm_pipeline.provenance import run_audit

    return run_audit(**options)


def verify(**options: Any) -> int:
    """Hash artifacts again and compare them with records, parameters and code; 1 on findings."""
    from rdm_pipeline.provenance import run_verify

    return run_verify(**options)


def explain(**options: Any) -> int:
    """Say why Snakemake would run each job that it would run for a target."""
    from rdm_pipeline.provenance import run_explain

    return run_explain(**options)


def accept(**options: Any) -> int:
    """Declare that a change of a verb's code leaves its results as they are."""
    from rdm_pipeline.provenance import run_accept

    return run_accept(**options)


def rerun(**options: Any) -> int:
    """Make a target again in a scratch folder; compared, 1 if it is not reproduced."""
    from rdm_pipeline.rerun import run_rerun

    return run_rerun(**options)


def sync(**options: Any) -> int:
    """Pull results by DVC and tell Snakemake of those that verify; 1 if some do not."""
    from rdm_pipeline.sync import run_sync

    return run_sync(**options)


def export(form: str, **options: Any) -> int:
    """Write a result, with all that it was made from, for standard tools to read."""
    from rdm_pipeline.export import run_export

    return run_export(**options)


QUESTIONS: Mapping[str, Callable[..., int]] = {
    "audit": audit,
    "verify": verify,
    "explain": explain,
    "accept": accept,
    "rerun": rerun,
    "sync": sync,
    "export": export,
}


def add_questions(commands: Any, verbs: Collection[str]) -> None:
    """Add a parser for each question; `verbs` are those of the command line."""
    parsers = {
        name: commands.add_parser(name, help=asked.__doc__, description=asked.__doc__)
        for name, asked in QUESTIONS.items()
    }
    for command in parsers.values():
        command.add_argument("--profile", default="demo", help="demo or a file of profiles/")
    _add_audit(parsers["audit"])
    _add_verify(parsers["verify"], verbs)
    parsers["explain"].add_argument("target", metavar="TARGET", help=f"{TARGET}, or a rule")
    _add_accept(parsers["accept"], verbs)
    _add_rerun(parsers["rerun"])
    parsers["sync"].set_defaults(verbs=frozenset(verbs))
    _add_export(parsers["export"], verbs)


def _add_audit(command: argparse.ArgumentParser) -> None:
    command.add_argument("target", metavar="TARGET", help=TARGET)
    command.add_argument("--cell", metavar="ROW,COLUMN", help="one number of a table")
    _add_results(command)
    forms = command.add_mutually_exclusive_group()
    for form, about in (("json", "the records as they are"), ("dot", "a graph for Graphviz")):
        forms.add_argument(
            f"--{form}", dest="form", action="store_const", const=form, default="tree", help=about
        )


def _add_verify(command: argparse.ArgumentParser, verbs: Collection[str]) -> None:
    about = f"{TARGET}, and all that it comes from; everything"
    command.add_argument("target", nargs="?", metavar="TARGET", help=about)
    command.add_argument("--quick", action="store_true", help="sizes and times, no hashes")
    _add_results(command)
    command.set_defaults(verbs=frozenset(verbs))


def _add_results(command: argparse.ArgumentParser) -> None:
    about = "a folder of results from elsewhere; it needs neither params.yaml nor Snakefile"
    command.add_argument("--results", type=Path, metavar="FOLDER", help=about)


def _add_accept(command: argparse.ArgumentParser, verbs: Collection[str]) -> None:
    command.add_argument("verbs", nargs="+", choices=verbs, metavar="VERB", help="whose code")
    command.add_argument("--reason", required=True, metavar="TEXT", help="why nothing changes")


def _add_rerun(command: argparse.ArgumentParser) -> None:
    command.add_argument("target", metavar="TARGET", help=f"{TARGET}, or a rule")
    command.add_argument("--compare", action="store_true", help="say what differs and how much")
    command.add_argument("--last", action="store_true", help="its own step only, from what is here")
    command.add_argument("--cores", type=int, default=2, help="Snakemake's; 2")
    command.add_argument("--folder", type=Path, help="where, to be kept; a temporary one")
    about = "relative difference allowed in the target where bytes cannot be the same; 0.05"
    command.add_argument("--tolerance", type=float, default=0.05, metavar="SHARE", help=about)


def _add_export(command: argparse.ArgumentParser, verbs: Collection[str]) -> None:
    command.add_argument("form", choices=["crate"], help="a Provenance Run RO-Crate")
    command.add_argument("target", metavar="TARGET", help=TARGET)
    command.add_argument("folder", type=Path, metavar="FOLDER", help="a new one")
    about = "a larger file is named by its hash instead of copied; 10000000"
    command.add_argument("--largest", type=int, default=10**7, metavar="BYTES", help=about)
    command.set_defaults(verbs=frozenset(verbs))
