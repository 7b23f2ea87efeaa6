"""The `rdm` command: one verb per step of the pipeline, files in, files out, parameters as JSON."""

import argparse
import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rdm_pipeline.catalog import VERBS, Verb
from rdm_pipeline.errors import RdmError
from rdm_pipeline.questions import QUESTIONS, add_questions

FAILURE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; bad input ends in one line and a non-zero exit status."""
    options = vars(_parser().parse_args(arguments))
    command = options.pop("command")
    try:
        if command in VERBS:
            run_verb(command, options.pop("params"), options)
        else:
            return COMMANDS[command](**options) or 0
    except RdmError as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"{error.filename or 'input/output'}: {error.strerror or error}")
    return 0


def run_verb(name: str, text: str, paths: dict[str, Any]) -> None:
    """Check the parameters, run the verb and leave a provenance record beside each output."""
    from rdm_pipeline.lineage.record import start, write_records
    from rdm_pipeline.params.pick import read_picked

    verb = VERBS[name]
    begun = start(name)
    module = importlib.import_module(f"rdm_pipeline.verbs.{name}")
    params, recorded = read_picked(text, module.Params)
    module.run(params, **paths)
    write_records(
        begun,
        recorded,
        inputs={key: _listed(paths[key]) for key in _names(verb.inputs)},
        outputs=[paths[key] for key in _names(verb.outputs)],
        ranks=getattr(module, "ranks", lambda _: 1)(params),
    )


def show(results: Path) -> None:
    """Print the tables of a folder of results and say where its pictures are."""
    tables, pictures = sorted(results.glob("tables/*.md")), sorted(results.glob("figures/*.png"))
    if not tables and not pictures:
        raise RdmError(f"{results}: found no table or picture; make them: snakemake -c2 all")
    for table in tables:
        print(table.read_text("utf-8"))
    for picture in pictures:
        print(picture)


def recipes(file: Path) -> None:
    """Write what makes each artifact as hashes, for DVC: see dvc.yaml."""
    from rdm_pipeline.artifacts import write_json
    from rdm_pipeline.recipes import planned_jobs, recipe_tree

    # whether the files are there, or whole, does not matter
    jobs = planned_jobs(Path.cwd(), "--forceall", "--ignore-incomplete")
    write_json(file, recipe_tree(jobs))


def plan(targets: list[str], profile: str) -> None:
    """Say what Snakemake would run now for some targets: jobs, hours and disk by phase."""
    from rdm_pipeline.plan import dry_summary
    from rdm_pipeline.recipes import planned_jobs
    from rdm_pipeline.workflow import Workflow

    workflow = Workflow(Path.cwd(), profile)
    jobs = planned_jobs(Path.cwd(), "--config", f"profile={profile}", "--", *targets)
    print(dry_summary(workflow, jobs))


COMMANDS: Mapping[str, Callable[..., int | None]] = {
    "show": show,
    "recipes": recipes,
    "plan": plan,
    **QUESTIONS,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rdm", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, verb in VERBS.items():
        _add_verb(commands.add_parser(name, help=verb.about, description=verb.about), verb)
    for name, argument in (("show", "results"), ("recipes", "file")):
        about = COMMANDS[name].__doc__
        command = commands.add_parser(name, help=about, description=about)
        command.add_argument(argument, type=Path, metavar=argument.upper())
    command = commands.add_parser("plan", help=plan.__doc__, description=plan.__doc__)
    command.add_argument("targets", nargs="*", metavar="TARGET", help="as of snakemake; all")
    command.add_argument("--profile", default="demo", help="demo or a file of profiles/")
    add_questions(commands, VERBS)
    return parser


def _add_verb(command: argparse.ArgumentParser, verb: Verb) -> None:
    for key in (*verb.inputs, *verb.outputs, *verb.logs):
        number = key[-1] if key[-1] in "*?" else None
        flag = "--" + key.rstrip("*?").replace("_", "-")
        command.add_argument(flag, type=Path, nargs=number, required=True, metavar="FILE")
    command.add_argument("--params", required=True, metavar="JSON", help="from the rule")


def _names(keys: Sequence[str]) -> list[str]:
    return [key.rstrip("*?") for key in keys]


def _listed(value: Path | list[Path] | None) -> list[Path]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _fail(message: str) -> int:
    from rdm_pipeline.lineage.shown import printable

    print(f"rdm: {printable(' '.join(message.split()))}", file=sys.stderr)
    return FAILURE


if __name__ == "__main__":
    sys.exit(main())
