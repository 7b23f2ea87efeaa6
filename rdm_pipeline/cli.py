"""The `rdm` command: one verb per step of the pipeline, files in, files out, parameters as JSON."""

import argparse
import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rdm_pipeline.errors import RdmError
from rdm_pipeline.questions import QUESTIONS, add_questions

FAILURE = 2


@dataclass(frozen=True)
class Verb:
    """What a verb reads, writes and logs to.

    A name that ends in * is for any number of files, one that ends in ? for one or none.
    """

    about: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    logs: tuple[str, ...] = ()


VERBS: Mapping[str, Verb] = {
    "fetch": Verb("bring the raw data here and check its hashes", (), ("raw",)),
    "images": Verb("store one shard of a split as images and labels", ("raw",), ("images",)),
    "gather": Verb("join shards as one virtual array", ("shards*",), ("whole",)),
    "encoder": Verb("make an encoder's frozen weights", ("images",), ("weights",)),
    "features": Verb("encode one shard of images", ("images", "weights"), ("features",)),
    "card": Verb(
        "describe an encoder: origin, hash, linear-probe accuracy",
        ("weights", "train", "val", "train_images", "val_images"),
        ("card",),
    ),
    "context": Verb("encode prompts for a generator", ("prompts",), ("contexts",)),
    "text": Verb("encode prompts for the joint law", ("prompts",), ("texts",)),
    "reference": Verb(
        "freeze an encoder's reference",
        ("features", "images", "texts?", "mixture?"),
        ("reference",),
    ),
    "floors": Verb(
        "measure what real data scores against the references",
        ("references*", "features*", "images", "train*", "train_images?", "texts?", "train_texts?"),
        ("floors",),
    ),
    "bank": Verb(
        "freeze an encoder's evaluation bank",
        ("train", "val"),
        ("bank",),
    ),
    "teacher": Verb(
        "train a text-conditional generator from images", ("images", "contexts"), ("generator",)
    ),
    "warm_start": Verb("train what matching starts from", ("images",), ("generator",)),
    "import_generator": Verb(
        "take a generator that was trained elsewhere", ("images",), ("generator",)
    ),
    "train": Verb(
        "match the representation distributions of a battery of encoders",
        (
            "generator",
            "weights*",
            "references*",
            "features*",
            "train_images?",
            "train_texts?",
            "contexts?",
            "texts?",
            "floors",
            "images",
        ),
        ("trained", "history", "costs", "snapshots"),
        ("monitor",),
    ),
    "snapshot": Verb("take a generator that a run kept", ("snapshots",), ("generator",)),
    "sample": Verb("draw one shard of samples", ("generator", "images", "contexts?"), ("samples",)),
    "sample_prompts": Verb(
        "draw samples of each prompt of a list",
        ("generator", "images", "prompts", "contexts"),
        ("samples",),
    ),
    "render": Verb(
        "draw one shard of several images of each prompt, to learn from",
        ("generator", "images", "prompts", "contexts"),
        ("samples", "metadata"),
    ),
    "render_preference": Verb(
        "score renders by a model of human preference",
        ("images", "metadata", "weights"),
        ("scores",),
    ),
    "curate": Verb("choose which images are kept", ("metadata", "judgement?"), ("kept",)),
    "mix": Verb("copy what is kept into a shard of a mixture", ("images", "kept"), ("mixed",)),
    "mixture": Verb("list a mixture's captions and shares", ("kept*",), ("captions", "manifest")),
    "pool": Verb("repeat lists of prompts", ("lists*",), ("captions", "manifest")),
    "import_samples": Verb(
        "take one shard of samples that were generated elsewhere", ("images",), ("samples",)
    ),
    "preference_model": Verb("make the frozen model of human preference", (), ("weights",)),
    "preference": Verb(
        "score images by a model of human preference", ("images", "weights"), ("scores",)
    ),
    "win_rates": Verb(
        "show how often a generator's images are preferred to others",
        ("scores*",),
        ("csv", "markdown", "latex", "picture"),
    ),
    "metrics": Verb("score features against the banks", ("features*", "banks*"), ("metrics",)),
    "judge": Verb(
        "measure how often the judge sees the class asked for",
        ("train", "train_images", "features", "images"),
        ("accuracy",),
    ),
    "table": Verb(
        "print a table from metrics", ("metrics*", "accuracies*"), ("csv", "markdown", "latex")
    ),
    "captions": Verb("write what a dataset's images show in words", ("raw",), ("train", "val")),
    "geneval_prompts": Verb("write the prompts that GenEval evaluates", (), ("metadata",)),
    "geneval_real": Verb(
        "render scenes in which the evaluated prompts are true", ("metadata",), ("images",)
    ),
    "geneval_detect": Verb(
        "judge images of scenes by the exact detector", ("images", "metadata"), ("results",)
    ),
    "geneval_layout": Verb(
        "write images as the folders that GenEval's official scorer reads",
        ("images", "metadata"),
        ("folder",),
    ),
    "geneval_scorer": Verb(
        "judge images by a scorer in an environment of its own",
        ("folder", "metadata"),
        ("results",),
    ),
    "geneval": Verb(
        "measure how many images show what their prompts ask for",
        ("results", "metadata", "pools*"),
        ("scores",),
    ),
    "geneval_table": Verb(
        "print GenEval as a table", ("scores*", "pickscores*"), ("csv", "markdown", "latex")
    ),
    "geneval_sheet": Verb(
        "show the same prompts by several generators", ("images*", "metadata"), ("picture",)
    ),
    "geneval_seeds": Verb(
        "print GenEval over seeds as a table", ("scores*",), ("csv", "markdown", "latex")
    ),
    "neutral": Verb(
        "score features by distances that no run trains on", ("features", "train"), ("scores",)
    ),
    "comparison": Verb(
        "print an experiment's variants as a table", ("scores*",), ("csv", "markdown", "latex")
    ),
    "costs": Verb(
        "show what runs score over the device-hours they took",
        ("metrics*", "costs*"),
        ("csv", "markdown", "latex", "picture"),
    ),
    "axis": Verb("draw scores over the batch size", ("scores*",), ("picture",)),
    "alone": Verb(
        "show what training on one encoder does to all",
        ("metrics*", "histories*", "floors*"),
        ("csv", "markdown", "latex", "picture"),
    ),
    "grid": Verb("draw a sheet of samples", ("images",), ("picture",)),
    "curves": Verb("draw scores and weights over the steps", ("history", "floors"), ("picture",)),
    "site": Verb(
        "make a folder of pages that a browser opens from the disk",
        ("tables*", "figures*", "histories*", "floors*", "cards*"),
        ("site",),
    ),
    "spiral": Verb("train and score one cell of the spiral study", (), ("scores", "samples")),
    "spiral_table": Verb(
        "print cells of the spiral study", ("scores*",), ("csv", "markdown", "latex")
    ),
    "spiral_ranking": Verb(
        "rank the spiral study's discrepancies", ("scores*",), ("csv", "markdown", "latex")
    ),
    "spiral_figure": Verb(
        "draw samples of the spiral study", ("scores*", "samples*"), ("picture",)
    ),
    "spiral_batches": Verb("draw the spiral study's batch axis", ("scores*",), ("picture",)),
}


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
