"""What a plan will take, phase by phase: jobs of Snakemake's dry run times stated assumptions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from rdm_pipeline.params.plan import NetworkCost
from rdm_pipeline.params.runs import Run
from rdm_pipeline.recipes import Job
from rdm_pipeline.training_sets import GENEVAL_PROMPTS, Part
from rdm_pipeline.workflow import JUDGE, SAMPLES, Workflow

PHASES = {
    "data": ("fetch", "images", "captions"),
    "encoders": ("encoder", "card"),
    "features": ("features",),
    "renders": ("render", "curate", "mix", "mixture"),
    "references": ("context", "text", "pool", "reference", "floors"),
    "train": ("warm_start", "teacher", "import_generator", "train", "snapshot"),
    "evaluate": (
        *("sample", "sample_prompts", "import_samples", "bank", "metrics", "judge", "neutral"),
        *("preference_model", "preference", "prompt_list", "prompt_preference"),
        *("geneval_prompts", "geneval_real", "geneval_detect", "geneval_layout"),
        *("geneval_scorer", "geneval"),
    ),
    "studies": ("spiral",),
    "report": (),  # and whatever prints or draws
}
FLOAT = 4  # bytes


@dataclass
class Share:
    """What the jobs of a phase take: hours of GPUs and of CPU jobs, bytes that stay on disk."""

    jobs: int = 0
    gpu_hours: float = 0.0
    cpu_hours: float = 0.0
    bytes: int = 0


class Costs:
    """Seconds and bytes of a profile's jobs, from `plan` and the other parameters alone."""

    def __init__(self, workflow: Workflow) -> None:
        """Look at a profile; `uncounted` collects networks whose cost `plan` does not state."""
        self.workflow, self.plan = workflow, workflow.project.plan
        self.project: Any = workflow.project  # a job exists only if its optional section does
        self.uncounted: set[str] = set()

    def shares(self, jobs: Iterable[Job]) -> dict[str, Share]:
        """Add up the jobs by phase."""
        shares = {phase: Share() for phase in PHASES}
        for job in jobs:
            verb, share = job.command.split()[1], shares[self.phase(job)]
            gflop = self.gflop(verb, job)
            seconds = 60 * self.minutes(verb, job) if gflop is None else gflop / self.plan.gflops
            hours = (seconds + self.plan.start_seconds) / 3600
            share.jobs += 1
            if self.plan.device == "gpu" and gflop is not None:
                share.gpu_hours += hours
            else:
                share.cpu_hours += hours
            share.bytes += sum(self.bytes(output) for output in job.outputs)
        return shares

    def phase(self, job: Job) -> str:
        """The phase of a job; features and sets of samples are scored, not trained on."""
        verb = job.command.split()[1]
        if "/renders/" in job.outputs[0]:
            return "renders"
        if f"/{SAMPLES}" in job.outputs[0]:
            return "evaluate"
        if verb == "gather":
            return "data" if "/images/" in job.outputs[0] else "features"
        return next((phase for phase, verbs in PHASES.items() if verb in verbs), "report")

    # --- time -----------------------------------------------------------------------------------

    def gflop(self, verb: str, job: Job) -> float | None:
        """What a job with a network computes; None for others."""
        path = PurePath(job.outputs[0])
        if verb == "features":
            return self.rows(job.outputs[0]) * self.network(path.parts[-2]).gflop
        if verb == "sample":
            return self.rows(job.outputs[0]) * self.generator(path.parts[-3]).gflop
        if verb == "render":
            name = self.project.renders[path.parts[-3]].generator
            return self.drawn(path) * self.generator(name).gflop
        if verb == "sample_prompts":
            return self.drawn(path) * self.generator(path.parts[-2]).gflop
        if verb == "prompt_preference":
            return self.drawn(path) * self.network("preference").gflop
        if verb == "encoder":
            return self.pretraining(path.stem)
        if verb == "warm_start":
            vae = self.project.warm_starts[path.parts[-2]].vae
            both = 2 * self.generator(path.parts[-2]).gflop  # an encoder of about the same size
            return vae.steps * vae.batch * both * self.plan.passes.training
        if verb == "teacher":
            both = self.project.warm_starts[path.parts[-2]].teacher
            images = sum(part.steps * part.batch for part in (both.autoencoder, both.flow))
            # as if each had the whole generator, in one step
            return images * self.generator(path.parts[-2]).gflop * self.plan.passes.training
        if verb == "train":
            return self.training(self.project.runs[path.parts[-2]], path.parts[-2])
        if verb == "preference":
            count = self.project.evaluation.preference.classes.samples
            return count * self.network("preference").gflop
        return None

    def pretraining(self, encoder: str) -> float | None:
        """None for an encoder that is only read from a file."""
        if encoder == JUDGE:
            told = self.project.evaluation.judge.pretraining
        else:
            told = self.project.encoders[encoder].pretraining
        if told is None:
            return None
        return told.steps * told.batch * self.network(encoder).gflop * self.plan.passes.training

    def training(self, run: Run, name: str) -> float:
        """The loss itself is left out: far below a hundredth where networks are large."""
        images = sum(stage.steps * stage.batch for stage in run.stages)
        encoders = sum(self.network(encoder).gflop for encoder in self.project.battery(name))
        passes = self.plan.passes
        return images * (passes.generator * self.generator(name).gflop + passes.encoder * encoders)

    def minutes(self, verb: str, job: Job) -> float:
        """Minutes of a job without a network."""
        if verb in ("images", "import_samples"):
            return self.rows(job.outputs[0]) / self.plan.images_per_second / 60
        return self.plan.minutes.get(verb, self.plan.minutes["default"])

    # --- disk -----------------------------------------------------------------------------------

    def bytes(self, output: str) -> int:
        """Bytes of an artifact's arrays; 0 for what is small: links to shards, scores, tables."""
        path = PurePath(output).relative_to(self.workflow.results)
        kind, *rest = path.parts
        if kind == "raw" and self.project.dataset.kind == "fashion_mnist":
            counts = self.plan.images
            return (counts.train + counts.val) * (self.image_bytes() + 1)
        if kind == "images" and path.stem.isdigit():
            return self.rows(output) * (self.image_bytes() + 8)
        if kind in ("renders", "geneval", "pickscore") and path.name == f"{SAMPLES}.h5":
            return self.drawn(PurePath(output)) * (self.image_bytes() + 8)
        if kind == "features" and path.stem.isdigit():
            return self.rows(output) * self.dim(rest[2]) * FLOAT
        if kind == "encoders":
            return round(self.network(path.stem).mparams * 1e6) * FLOAT
        if kind == "runs" and path.suffix == ".safetensors":
            return round(self.generator(rest[0]).mparams * 1e6) * FLOAT
        if kind == "runs" and path.name == "snapshots":
            kept = len(self.project.runs[rest[0]].snapshots)
            return kept * round(self.generator(rest[0]).mparams * 1e6) * FLOAT
        if kind == "preference" and path.suffix == ".safetensors":
            return round(self.network("preference").mparams * 1e6) * FLOAT
        if kind == "contexts":  # at most: equal prompts share one
            length = self.context_length(path.stem)
            return self.prompts(path.stem) * length * self.context_dim() * 2
        if kind == "texts":
            return self.prompts(path.stem) * self.plan.code_dim * FLOAT
        if kind == "references":
            spec = self.project.references[rest[0]]
            columns = self.dim(path.stem) + (self.plan.code_dim if spec.beta else 0)
            return spec.landmarks * (columns + 1) * FLOAT
        if kind == "banks":
            bank = self.project.evaluation.bank
            rows = 2 * bank.draws * max(bank.samples, bank.rff_rows) * 8
            return (bank.directions * bank.samples + bank.rff_features) * FLOAT + rows
        return 0

    def image_bytes(self) -> int:
        """Bytes of an image as uint8."""
        dataset = self.project.dataset
        return dataset.channels * dataset.resolution**2

    def rows(self, output: str) -> int:
        """Images of a shard, from its path below images or features."""
        source, split, *_, shard = PurePath(output).relative_to(self.workflow.results).parts[1:]
        number = int(PurePath(shard).stem)
        if source in self.project.mixtures:
            return self.kept(self.workflow.sets.parts(source)[number])
        if split == SAMPLES:
            bank = self.project.evaluation.bank
            count = max(bank.samples, bank.rff_rows)
        else:
            count = self.images(split)
        shards = len(self.workflow.shards(source, split))
        return count * (number + 1) // shards - count * number // shards

    def drawn(self, path: PurePath) -> int:
        """Images of GenEval's prompts, a list's or a shard's of renders, from a file of them."""
        kind = path.relative_to(self.workflow.results).parts[0]
        if kind == "geneval":
            return self.plan.prompts * int(self.project.evaluation.geneval.samples)
        if kind == "pickscore":
            told = self.project.preference_lists[path.parts[-3]]
            return int(told.count * told.samples)
        spec, shard = self.project.renders[path.parts[-3]], int(path.parts[-2])
        count = self.prompts(spec.prompts)
        return (count * (shard + 1) // spec.shards - count * shard // spec.shards) * spec.samples

    def kept(self, part: Part) -> int:
        """Images of a shard of a mixture; of those that a detector judges at most so many."""
        if part.source == self.workflow.dataset:
            return self.images("train")
        drawn, spec = self.drawn(PurePath(part.kept)), self.project.renders[part.source]
        if spec.keep.kind == "best":
            return drawn // spec.samples * spec.keep.count
        return drawn

    def prompts(self, name: str) -> int:
        """Prompts of a list."""
        if name == GENEVAL_PROMPTS:
            return self.plan.prompts
        if name in self.project.pools:
            pool = self.project.pools[name].items()
            return sum(self.prompts(each) * times for each, times in pool)
        if name in self.project.preference_lists:
            return int(self.project.preference_lists[name].count)
        if name in self.project.mixtures:
            return sum(self.kept(part) for part in self.workflow.sets.parts(name))
        return self.images(name)

    def images(self, split: str) -> int:
        """Images of a split."""
        count: int = getattr(self.plan.images, split)
        return min(count, getattr(self.project.dataset.limits, split) or count)

    def context_length(self, prompts: str) -> int:
        """Tokens of the contexts of a list of prompts."""
        told = self.project.preference_lists.get(prompts)
        return (told and told.context_length) or self.project.prompts.context.length

    def context_dim(self) -> int:
        """Numbers of a token of a context."""
        return max(spec.context_dim for spec in self.project.generators.values())

    def dim(self, encoder: str) -> int:
        """Numbers in a row of features."""
        if encoder == JUDGE:
            return self.project.evaluation.judge.network.dim
        return self.project.encoders[encoder].network.dim

    def generator(self, name: str) -> NetworkCost:
        """The cost of a run's or a warm start's generator."""
        return self.network(self.workflow.generator_key(name).rpartition(".")[2])

    def network(self, name: str) -> NetworkCost:
        """The cost that `plan` states for a network, else none at all."""
        if name not in self.plan.networks:
            self.uncounted.add(name)
            return NetworkCost(gflop=0, mparams=0)
        return self.plan.networks[name]


def dry_summary(workflow: Workflow, jobs: Sequence[Job]) -> str:
    """Return a table by phase of what the jobs take, with the assumptions below it."""
    costs = Costs(workflow)
    shares = {phase: share for phase, share in costs.shares(jobs).items() if share.jobs}
    total = Share(*(sum(getattr(s, key) for s in shares.values()) for key in vars(Share())))
    rows = [["", "jobs", "GPU-hours", "CPU-hours", "disk"]]
    rows += [_row(name, share) for name, share in {**shares, "total": total}.items()]
    return "\n".join([*_aligned(rows), "", *assumptions(costs)])


def assumptions(costs: Costs) -> list[str]:
    """Return what the numbers rest on, a line each."""
    plan, passes = costs.plan, costs.plan.passes
    device = "GPU" if plan.device == "gpu" else "CPU core"
    lines = [
        "Assumed, not measured (section plan of params.yaml and of the profile):",
        f"- a {device} sustains {plan.gflops:,g} GFLOP/s in networks, a job starts in "
        f"{plan.start_seconds:g} s",
        f"- {plan.images.train:,} + {plan.images.val:,} images before the dataset's limits; a job "
        f"reads {plan.images_per_second:,g} a second",
        f"- an image's share of a step: {passes.generator:g} forward passes of the generator, "
        f"{passes.encoder:g} of each encoder; the loss is left out",
        f"- jobs without a network take {plan.minutes['default']:g} minutes, or what is said there",
        f"- disk: {costs.image_bytes()} bytes an image, 4 a number of features and weights; a "
        "running training keeps up to 16 a parameter besides; raw folders of your own are left out",
    ]
    if costs.uncounted:
        lines.append(f"- not in plan.networks, so 0: {', '.join(sorted(costs.uncounted))}")
    return lines


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as text: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    ]


def _row(name: str, share: Share) -> list[str]:
    hours = [f"{value:,.1f}" for value in (share.gpu_hours, share.cpu_hours)]
    return [name, f"{share.jobs:,}", *hours, _size(share.bytes)]


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
