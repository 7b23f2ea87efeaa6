"""Which images and prompts runs learn from: where they lie, and what they are made of."""

from dataclasses import dataclass

from rdm_pipeline.params.project import Project
from rdm_pipeline.params.runs import ResampledStart

GENEVAL_PROMPTS = "geneval"


@dataclass(frozen=True)
class Part:
    """A shard of a mixture: a shard of renders, or all images of the dataset.

    kept: the file that says which of `images` are taken.
    """

    source: str
    images: str
    kept: str


class TrainingSets:
    """A profile's sources, mixtures of them and pools of prompts."""

    def __init__(self, project: Project) -> None:
        self.project, self.results = project, project.results
        self.dataset = project.dataset.name

    @property
    def prompt_lists(self) -> list[str]:
        """Names of all lists of prompts."""
        made = (self.project.mixtures, self.project.pools, self.project.preference_lists)
        return ["train", "val", GENEVAL_PROMPTS, *(name for names in made for name in names)]

    def captions(self, prompts: str) -> str:
        """The file of a list of prompts: a split's captions, a mixture's, a pool's, GenEval's."""
        if prompts == GENEVAL_PROMPTS:
            return f"{self.results}/geneval/evaluation_metadata.jsonl"
        return f"{self.results}/captions/{prompts}.jsonl"

    def of_reference(self, reference: str) -> str:
        """The images that a reference is made of: a mixture, else those of the dataset."""
        return self.project.references[reference].mixture or self.dataset

    def captions_of(self, images: str) -> str:
        """The list of prompts that is row-aligned to a set of training images."""
        return "train" if images == self.dataset else images

    def manifest(self, reference: str) -> list[str]:
        """What a reference's mixture is made of, if it is of one."""
        mixture = self.project.references[reference].mixture
        return [f"{self.results}/mixtures/{mixture}.json"] if mixture else []

    def pool(self, run: str) -> str:
        """The list of prompts that a run draws from."""
        return self.project.runs[run].pool or "train"

    def parts(self, mixture: str) -> list[Part]:
        """The shards of a mixture, source by source."""
        return [part for source in self.project.mixtures[mixture] for part in self._parts(source)]

    def _parts(self, source: str) -> list[Part]:
        if source == self.dataset:
            images = f"{self.results}/images/{source}/train.h5"
            return [Part(source, images, f"{self.results}/kept/{source}.jsonl")]
        folders = [
            f"{self.results}/renders/{source}/{shard}"
            for shard in range(self.project.renders[source].shards)
        ]
        return [Part(source, f"{f}/samples.h5", f"{f}/kept.jsonl") for f in folders]

    def judgement(self, renders: str, shard: str) -> str:
        """The verdicts or the scores that renders are curated by."""
        keep = self.project.renders[renders].keep
        name = "preference.h5" if keep.kind == "best" else f"{keep.detector}.jsonl"
        return f"{self.results}/renders/{renders}/{shard}/{name}"

    def trained_on(self, row: str) -> list[str]:
        """The files of captions that a row of a table was trained on, as far as they are known."""
        train = self.captions("train")
        row, _ = self.project.snapshots.get(row, (row, None))
        start = self.project.warm_starts.get(row)
        if isinstance(start, ResampledStart):
            return self.trained_on(start.of)
        if start is not None:
            return [train] if start.kind == "flow_teacher" else []
        if row == "real":
            return [train] if self.project.dataset.kind in ("scenes", "captioned") else []
        if self.project.prompts is None:
            return []
        run = self.project.runs[row]
        images = self.of_reference(run.reference)
        own = [self.captions(name) for name in (self.pool(row), self.captions_of(images))]
        return list(dict.fromkeys([*own, *self.trained_on(run.init)]))
