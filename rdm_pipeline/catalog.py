"""The verbs of `rdm`: what each reads and writes; verbs/NAME.py is what it does."""

from collections.abc import Mapping
from dataclasses import dataclass


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
    "curate": Verb("choose which images are kept", ("metadata", "judgement?"), ("kept",)),
    "mix": Verb("copy what is kept into a shard of a mixture", ("images", "kept"), ("mixed",)),
    "mixture": Verb("list a mixture's captions and shares", ("kept*",), ("captions", "manifest")),
    "pool": Verb("repeat lists of prompts", ("lists*",), ("captions", "manifest")),
    "import_samples": Verb(
        "take one shard of samples that were generated elsewhere", ("images",), ("samples",)
    ),
    "preference_model": Verb("make the frozen model of human preference", (), ("weights",)),
    "preference": Verb(
        "score images of classes by a model of human preference",
        ("images", "weights"),
        ("scores",),
    ),
    "prompt_list": Verb("take the prompts whose images are scored", ("captions?",), ("prompts",)),
    "prompt_preference": Verb(
        "score images of prompts by a model of human preference",
        ("images", "metadata", "weights"),
        ("scores",),
    ),
    "pickscore_table": Verb(
        "print what the model of human preference says of generators, by list of prompts",
        ("scores*",),
        ("csv", "markdown", "latex"),
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
