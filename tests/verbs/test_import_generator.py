"""A checkpoint of somebody else's becomes what a run starts from."""

from pathlib import Path

import pytest
import torch

from rdm_pipeline.artifacts import read_tensors, write_tensors
from rdm_pipeline.errors import RdmError
from rdm_pipeline.files import sha256
from rdm_pipeline.params.runs import Checkpoint
from rdm_pipeline.verbs import import_generator
from tests.generators import flux2
from tests.generators.plain_pmf import TINY, tiny
from tests.verbs.generated import write_images


@pytest.fixture
def checkpoint(tmp_path) -> Path:
    """A file as it is published: under `model`, in half precision, by upstream's names."""
    weights = tiny().half().state_dict()
    theirs = {name.replace(".linear.", "._flax_linear."): w for name, w in weights.items()}
    torch.save({"model": theirs}, tmp_path / "start.pth")
    return tmp_path / "start.pth"


def bring(checkpoint: Path, images: Path, digest: str | None = None) -> Path:
    target = checkpoint.with_name("generator.safetensors")
    import_generator.run(
        import_generator.Params(
            generator=TINY, path=str(checkpoint), sha256=digest or sha256(checkpoint)
        ),
        images=images,
        generator=target,
    )
    return target


def test_a_checkpoint_becomes_float32_weights_by_our_names(checkpoint):
    images = write_images(checkpoint.with_name("images.h5"))
    found, about = read_tensors(bring(checkpoint, images))
    expected = tiny().half().float().state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert about == {"generator": TINY.model_dump()}


def test_the_file_does_not_tell_where_the_checkpoint_was(checkpoint):
    images = write_images(checkpoint.with_name("images.h5"))
    assert str(checkpoint).encode() not in bring(checkpoint, images).read_bytes()


def test_a_dataset_of_other_classes_is_refused_and_nothing_is_written(checkpoint):
    images = write_images(checkpoint.with_name("images.h5"), classes=7)
    with pytest.raises(RdmError, match=r"start\.pth: .*weight: found \(6,16\), expected \(8,16\)"):
        bring(checkpoint, images)
    assert not checkpoint.with_name("generator.safetensors").exists()


def test_a_flux2_comes_from_two_files_and_both_are_checked(tmp_path):
    model, images = flux2.tiny(), write_images(tmp_path / "images.h5")
    parts = {"transformer": model.transformer, "vae": model.vae}
    for name, part in parts.items():
        write_tensors(tmp_path / f"{name}.safetensors", part.state_dict(), {})
    paths = {name: tmp_path / f"{name}.safetensors" for name in parts}
    target = tmp_path / "generator.safetensors"

    def bring_both(digest: str) -> None:
        import_generator.run(
            import_generator.Params(
                generator=flux2.TINY,
                path=str(paths["transformer"]),
                sha256=sha256(paths["transformer"]),
                vae=Checkpoint(path=str(paths["vae"]), sha256=digest),
            ),
            images=images,
            generator=target,
        )

    bring_both(sha256(paths["vae"]))
    found, _ = read_tensors(target)
    assert found.keys() == model.state_dict().keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in model.state_dict().items())
    with pytest.raises(RdmError, match=r"vae\.safetensors: sha256: found"):
        bring_both("0" * 64)


def test_another_file_than_the_one_that_was_named_is_refused(checkpoint):
    images = write_images(checkpoint.with_name("images.h5"))
    with pytest.raises(RdmError, match=r"start\.pth: sha256: found"):
        bring(checkpoint, images, "0" * 64)
