"""A run whose conditions are prompts: contexts to the generator, codes to the joint law."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from rdm_pipeline.artifacts import (
    read_arrays,
    read_attrs,
    read_json,
    read_tensors,
    write_arrays,
    write_tensors,
)
from rdm_pipeline.discrepancies.kernels import median_bandwidth
from rdm_pipeline.errors import RdmError
from rdm_pipeline.generators.base import build_generator, load_generator
from rdm_pipeline.generators.noise import sample_noise
from rdm_pipeline.loading.texts import load_conditions, load_texts
from rdm_pipeline.params.discrepancies import MmdNystrom
from rdm_pipeline.params.evaluation import Sampling
from rdm_pipeline.params.generators import Flux2Spec
from rdm_pipeline.params.text import MiniLmContext, MiniLmText
from rdm_pipeline.verbs import context, floors, reference, sample, text, train
from tests.generators.flux2 import TINY
from tests.training.conftest import BATTERY, IMAGES, Job

PROMPTS = ["a shirt", "a warm shirt", "a bag", "a red bag", "boots", "high boots"]
KINDS = ["shirt", "bag", "boots"]
LENGTH, BATCH = 6, 16
SPEC = TINY.model_copy(update={"context_length": LENGTH, "context_dim": 384})


class TextJob:
    """The class-conditional job's images and encoders, with a caption for each image."""

    def __init__(self, job: Job, folder: Path) -> None:
        self.job, self.folder = job, folder
        self.captions = folder / "captions.jsonl"
        self.contexts, self.texts = folder / "contexts.h5", folder / "texts.h5"
        write_captions(self.captions, [PROMPTS[row % 6] for row in range(IMAGES)])
        context.run(
            context.Params(context=MiniLmContext(kind="minilm", length=LENGTH), threads=1),
            prompts=self.captions,
            contexts=self.contexts,
        )
        told = text.Params(text=MiniLmText(kind="minilm"), threads=1)
        text.run(told, prompts=self.captions, texts=self.texts)
        self.images = folder / "images.h5"
        pictures, _ = read_arrays(job.files["images"], "images")
        rows = {"images": pictures["images"], "labels": np.arange(IMAGES) % 6 // 2}
        write_arrays(self.images, "images", rows, {"classes": json.dumps(KINDS)})
        self.start = folder / "start.safetensors"
        model = build_generator(SPEC, 0, 1, 28, seed=0)
        write_tensors(self.start, model.state_dict(), {})

    def references(self, name: str, texts: Path | None, **changes: object) -> list[Path]:
        """Freeze the battery's references; `changes` are of the specification."""
        spec = self.job.project.references["joint"].model_copy(
            update={"beta": 1.0, "code_scale": "median", **changes}
        )
        files = [self.folder / f"{name}_{encoder}.h5" for encoder in BATTERY]
        for encoder, seen, file in zip(BATTERY, self.job.seen, files, strict=True):
            reference.run(
                reference.Params(encoder=encoder, reference=spec, threads=1),
                features=seen,
                images=self.images,
                texts=texts,
                mixture=None,
                reference=file,
            )
        return files

    def floors(self, name: str, references: list[Path], texts: Path | None) -> Path:
        file = self.folder / f"{name}_floors.json"
        floors.run(
            floors.Params(
                battery=list(BATTERY),
                batch=BATCH,
                discrepancy=MmdNystrom(kind="mmd_nystrom"),
                labels="uniform",
                draws=2,
                seed=0,
                threads=1,
            ),
            references=references,
            features=self.job.seen,
            images=self.images,
            train=[],
            train_images=None,
            texts=texts,
            train_texts=None,
            floors=file,
        )
        return file

    def train(self, name: str, texts: Path | None, ranks: int = 1, **changes: object):
        """Run two steps; return what they changed and the history."""
        references = self.references(name, texts, **changes)
        launch = {"micro_batch": 8, "ranks": ranks, "threads": 1, "zero_stage": 1}
        told = {"batch": BATCH, "steps": 2, "snapshots": [1], "labels": "uniform"}
        params = self.job.params(**told, launch=launch)
        params = params.model_copy(update={"generator": SPEC})
        out = self.job.outputs(f"{self.folder.name}_{name}")
        files = {**self.job.files, "generator": self.start, "references": references}
        files |= {"floors": self.floors(name, references, texts), "images": self.images}
        files |= {"contexts": self.contexts, "texts": texts}
        train.run(params, **files, **out)
        return read_tensors(out["trained"])[0], read_json(out["history"])


def write_captions(path: Path, prompts: list[str]) -> None:
    path.write_text("".join(json.dumps({"prompt": p, "tag": "single"}) + "\n" for p in prompts))


def write_texts(folder: Path, prompts: list[str]) -> Path:
    """Codes of other prompts than the job's."""
    write_captions(folder / "captions.jsonl", prompts)
    told = text.Params(text=MiniLmText(kind="minilm"), threads=1)
    text.run(told, prompts=folder / "captions.jsonl", texts=folder / "texts.h5")
    return folder / "texts.h5"


@pytest.fixture(scope="module")
def text_job(job, tmp_path_factory):
    return TextJob(job, tmp_path_factory.mktemp("text"))


@pytest.fixture(scope="module")
def joint(text_job):
    return text_job.train("joint", text_job.texts)


def same(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.slow
def test_it_trains_the_transformer_and_keeps_the_vae_bit_by_bit(text_job, joint):
    trained, history = joint
    start, _ = read_tensors(text_job.start)
    assert trained.keys() == start.keys()
    kept = {name for name in start if torch.equal(start[name], trained[name])}
    assert kept == {name for name in start if name.startswith("vae.")}
    assert all(entry["gradient_norm"] > 0 for entry in history)


@pytest.mark.slow
def test_a_snapshot_is_a_whole_generator_too(text_job, joint):
    folder = text_job.job.outputs(f"{text_job.folder.name}_joint")["snapshots"]
    kept, about = read_tensors(folder / "1.safetensors")
    trained, start = joint[0], read_tensors(text_job.start)[0]
    assert kept.keys() == trained.keys()
    frozen = [name for name in kept if name.startswith("vae.")]
    assert frozen and all(torch.equal(kept[name], start[name]) for name in frozen)
    assert not same(kept, trained) and not same(kept, start)
    assert about["generator"]["kind"] == "flux2"


@pytest.mark.slow
def test_the_marginal_law_is_the_run_on_images_alone_bit_by_bit(text_job, joint):
    marginal, history = text_job.train("marginal", text_job.texts, beta=0.0)
    images_alone, same_history = text_job.train("alone", None, beta=0.0, code_scale="unit")
    assert same(marginal, images_alone) and history == same_history
    assert not same(marginal, joint[0])


@pytest.mark.slow
def test_two_ranks_train_what_one_does_to_rounding(text_job, joint):
    trained, _ = text_job.train("ranks", text_job.texts, ranks=2)
    for name, tensor in trained.items():
        torch.testing.assert_close(tensor, joint[0][name], atol=1e-5, rtol=1e-3)


def test_references_couple_text_at_the_bandwidth_over_the_tables_median(text_job):
    file, _ = text_job.references("scaled", text_job.texts, beta=0.5)
    about, codes = read_attrs(file, "reference"), load_texts(text_job.texts)
    scale = median_bandwidth(codes, 1.0, seed=0)
    assert about["beta"] == pytest.approx(0.5 * about["sigma"] / scale)
    arrays, _ = read_arrays(file, "reference")
    features, _ = read_arrays(text_job.job.seen[0], "features")
    assert arrays["landmarks"].shape[1] == features["features"].shape[1] + codes.shape[1]


def test_contexts_come_by_row_as_they_were_encoded(text_job):
    conditions = load_conditions(SPEC, 0, text_job.contexts, text_job.texts)
    rows = conditions.inputs(torch.tensor([4, 0, 10]))
    whole, _ = read_arrays(text_job.contexts, "contexts")
    assert len(whole["contexts"]) == 6  # distinct ones
    assert rows.dtype == torch.bfloat16 and rows.shape == (3, LENGTH, 384)
    assert torch.equal(rows.view(torch.uint16), torch.from_numpy(whole["contexts"][[4, 0, 4]]))
    assert conditions.codes.shape == (IMAGES, 384)


def test_contexts_of_another_length_are_refused_in_training_and_in_sampling(text_job, tmp_path):
    other = SPEC.model_copy(update={"context_length": LENGTH + 1})
    told = r"contexts\.h5: contexts of context_length 6, the generator's is 7"
    params = text_job.job.params().model_copy(update={"generator": other})
    files = {**text_job.job.files, "generator": text_job.start, "contexts": text_job.contexts}
    with pytest.raises(RdmError, match=told):
        train.run(params, **files, **text_job.job.outputs("refused"))
    with pytest.raises(RdmError, match=told):
        draw(text_job, tmp_path / "samples.h5", other)


def test_contexts_of_another_width_are_refused(text_job):
    other = SPEC.model_copy(update={"context_dim": 7680})
    with pytest.raises(RdmError, match=r"contexts of context_dim 384, the generator's is 7680"):
        load_conditions(other, 0, text_job.contexts, None)


def test_texts_of_other_prompts_than_the_contexts_are_refused(text_job, tmp_path):
    texts = write_texts(tmp_path, PROMPTS[::-1])
    with pytest.raises(RdmError, match=r"texts\.h5: codes of other prompts than .*contexts\.h5"):
        load_conditions(SPEC, 0, text_job.contexts, texts)


def test_a_joint_reference_without_the_texts_of_the_prompts_is_refused(text_job):
    references = text_job.references("without", text_job.texts)
    files = {**text_job.job.files, "generator": text_job.start, "references": references}
    files |= {"floors": text_job.floors("without", references, text_job.texts)}
    files |= {"contexts": text_job.contexts}
    params = text_job.job.params(batch=BATCH, steps=1, snapshots=[], launch={"micro_batch": 8})
    params = params.model_copy(update={"generator": SPEC})
    with pytest.raises(RdmError, match="generated features: shape"):
        train.run(params, **files, **text_job.job.outputs("without"))


def test_a_text_conditional_generator_without_contexts_is_refused():
    with pytest.raises(RdmError, match="contexts: found none"):
        load_conditions(SPEC, 10, None, None)


def test_contexts_for_a_class_conditional_generator_are_refused(text_job):
    decoder = text_job.job.project.generators["decoder"]
    with pytest.raises(RdmError, match="for a generator of kind decoder, allowed: flux2"):
        load_conditions(decoder, 10, text_job.contexts, None)


def test_texts_of_fewer_prompts_than_images_are_refused(text_job, tmp_path):
    with pytest.raises(RdmError, match=r"texts\.h5: 6 prompts for the 96 rows of .*images\.h5"):
        text_job.references("fewer", write_texts(tmp_path, PROMPTS))


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ('{"prompt": "a"}\n["b"]\n', r": line 2 is \['b'\], allowed: {\"prompt\": TEXT"),
        ('{"tag": "colors"}\n', ": line 1 is {'tag': 'colors'}, allowed"),
        ('{"prompt": 3}\n', ": line 1 is {'prompt': 3}, allowed"),
        ('{"prompt": "a"}\n\n', ":2: not JSON"),
        ("", ": found no captions"),
    ],
)
def test_captions_without_prompts_are_refused(tmp_path, lines, reason):
    captions = tmp_path / "captions.jsonl"
    captions.write_text(lines)
    told = context.Params(context=MiniLmContext(kind="minilm", length=4), threads=1)
    with pytest.raises(RdmError, match=rf"captions\.jsonl{reason}"):
        context.run(told, prompts=captions, contexts=tmp_path / "contexts.h5")


def draw(text_job: TextJob, file: Path, spec: Flux2Spec, images: Path | None = None) -> None:
    sample.run(
        sample.Params(
            generator=spec,
            samples=8,
            rff_rows=8,
            sampling=Sampling(seed=1, shards=2),
            shard=1,
            threads=1,
        ),
        generator=text_job.start,
        images=images or text_job.images,
        contexts=text_job.contexts,
        samples=file,
    )


def test_samples_take_the_prompts_in_turn_whatever_the_shard(text_job, tmp_path):
    draw(text_job, tmp_path / "samples.h5", SPEC)
    arrays, _ = read_arrays(tmp_path / "samples.h5", "images")
    assert arrays["labels"].tolist() == [2, 2, 0, 0]  # the kinds of prompts 4 to 7
    model = load_generator(SPEC, 0, 1, 28, read_tensors(text_job.start)[0], "start")
    contexts = load_conditions(SPEC, 0, text_job.contexts, None).inputs(torch.arange(4, 8))
    with torch.no_grad():
        expected = model(sample_noise(1, 0, range(4, 8), model.noise_shape), contexts)
    assert np.array_equal(arrays["images"], (expected * 255).round().to(torch.uint8).numpy())


def test_samples_of_other_images_than_the_prompts_are_refused(text_job, tmp_path):
    images = tmp_path / "images.h5"
    fewer = {"images": np.zeros((4, 1, 28, 28)), "labels": np.zeros(4)}
    write_arrays(images, "images", fewer, {"classes": json.dumps(KINDS)})
    with pytest.raises(RdmError, match=r"contexts: 96 prompts for the 4 rows of .*images\.h5"):
        draw(text_job, tmp_path / "samples.h5", SPEC, images)
