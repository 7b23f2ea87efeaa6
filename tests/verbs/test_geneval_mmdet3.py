"""GenEval's official scorer under mmdet 3: the adapter, beside stand-ins for scorer and mmdet."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rdm_pipeline.files import sha256
from rdm_pipeline.params.project import load_tree

ROOT = Path(__file__).resolve().parents[2]
ADAPTER = "environments/geneval/mmdet3.py"
# What the adapter asks of mmdet 3: one image with an owl, a cat and another owl.
APIS = """
from types import SimpleNamespace
import numpy as np

class Tensor:
    def __init__(self, values): self.values = np.array(values)
    shape = property(lambda self: self.values.shape)
    def detach(self): return self
    def cpu(self): return self
    def numpy(self): return self.values

class Model:
    dataset_meta = {"classes": ("cat", "dog", "owl")}
    def named_parameters(self): yield "head.weight", Tensor([[1.0, 2.0]])

def init_detector(config, checkpoint, device):
    return Model()

def inference_detector(model, image):
    masks = np.zeros((3, 2, 4))
    masks[0, 0, 0] = masks[1, 1, 1] = masks[2, 0, 3] = 1
    return SimpleNamespace(pred_instances=SimpleNamespace(
        bboxes=Tensor([[0, 0, 1, 1], [1, 1, 2, 2], [3, 0, 4, 1]]), scores=Tensor([0.25, 0.5, 0.75]),
        labels=Tensor([2, 0, 2]), masks=Tensor(masks)))
"""
RUNNER = """
import json
from types import SimpleNamespace

class CheckpointLoader:
    def load_checkpoint(path, map_location):
        told = json.load(open(path))
        return {"state_dict": {name: SimpleNamespace(shape=shape) for name, shape in told.items()}}
"""
# Takes the official scorer's arguments and uses a detector as it does.
SCORER = """
import argparse, json, os, sys
from mmdet.apis import inference_detector, init_detector
import neighbour

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("imagedir")
    parser.add_argument("--outfile")
    parser.add_argument("--model-config", default="mmdet 2's")
    parser.add_argument("--model-path")
    args = parser.parse_args()
    model = init_detector(args.model_config, os.path.join(args.model_path, "m.pth"), device="cpu")
    result = inference_detector(model, "image.png")
    boxes, masks = result if isinstance(result, tuple) else (result, None)
    told = {"arguments": vars(args), "script": [sys.argv[0], __file__],
            "boxes": [each.tolist() for each in boxes],
            "box": [[each.shape[1], str(each.dtype)] for each in boxes],
            "masks": [[each.tolist() for each in some] for some in masks],
            "mask": [str(each.dtype) for some in masks for each in some]}
    json.dump(told, open(args.outfile, "w"))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A scorer, weights and the packages of an environment with mmdet 3."""
    files = {
        "packages/mmdet/__init__.py": '__version__ = "3.3.0"',
        "packages/mmdet/apis.py": APIS,
        "packages/mmengine/__init__.py": "",
        "packages/mmengine/runner.py": RUNNER,
        "code/scorer.py": SCORER,
        "code/neighbour.py": "",
        "models/m.pth": json.dumps({"head.weight": [1, 2], "optimizer": [3]}),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def adapted(folder: Path, *words: str, python: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *python, str(ROOT / ADAPTER), *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "packages")},
        capture_output=True,
        text=True,
    )


def scored(folder: Path, *words: str) -> dict:
    outfile = folder / "results.json"
    words = ("images", "--outfile", str(outfile), "--model-path", "models", *words)
    done = adapted(folder, "code/scorer.py", *words)
    assert done.returncode == 0, done.stderr
    return json.loads(outfile.read_text())


def complaint(done: subprocess.CompletedProcess) -> str:
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


# --- what the scorer sees -----------------------------------------------------------------------


def test_boxes_come_by_class_with_the_score_last(folder):
    told = scored(folder)
    assert told["boxes"] == [[[1, 1, 2, 2, 0.5]], [], [[0, 0, 1, 1, 0.25], [3, 0, 4, 1, 0.75]]]
    assert told["box"] == [[5, "float32"]] * 3


def test_masks_come_by_class_as_booleans_of_the_images_shape(folder):
    first, second, third = ([[False] * 4 for _ in range(2)] for _ in range(3))
    first[0][0] = second[1][1] = third[0][3] = True
    told = scored(folder)
    assert told["masks"] == [[second], [], [first, third]]
    assert told["mask"] == ["bool"] * 3


def test_the_configuration_is_mmdet_3s_own_unless_the_caller_gives_one(folder):
    own = scored(folder)["arguments"]["model_config"]
    below = "packages/mmdet/.mim/configs/mask2former/"
    assert own == str(folder / below / "mask2former_swin-s-p4-w7-224_8xb2-lsj-50e_coco.py")
    for words in (("--model-config", "mine.py"), ("--model-config=mine.py",)):
        assert scored(folder, *words)["arguments"]["model_config"] == "mine.py"


def test_the_scorer_gets_its_arguments_and_runs_as_if_called_itself(folder):
    told = scored(folder)
    assert told["arguments"]["imagedir"] == "images"
    assert told["script"] == ["code/scorer.py", "code/scorer.py"]


# --- what it does not accept --------------------------------------------------------------------


@pytest.mark.parametrize("weights", [{"head.linear": [1, 2]}, {"head.weight": [2, 2]}])
def test_weights_of_another_model_are_refused(folder, weights):
    (folder / "models/m.pth").write_text(json.dumps(weights))
    words = ("code/scorer.py", "images", "--outfile", "results.json", "--model-path", "models")
    told = complaint(adapted(folder, *words))
    assert "models/m.pth: found no head.weight of shape (1, 2)" in told
    assert not (folder / "results.json").exists()


@pytest.mark.parametrize(
    ("words", "told"), [((), "usage: mmdet3.py SCRIPT"), (("no.py",), "no.py: not there")]
)
def test_a_script_that_is_not_there_is_one_line(folder, words, told):
    assert complaint(adapted(folder, *words)).startswith(told)


def test_an_environment_without_mmdet_3_is_one_line(folder):
    bare = adapted(folder / "code", "scorer.py", python=("-S",))
    assert complaint(bare) == "mmdet cannot be imported: No module named 'mmdet'\n"
    package = folder / "packages/mmdet/__init__.py"
    package.write_text("assert False, 'MMCV==2.2.0 is incompatible.\\nInstall another.'")
    told = complaint(adapted(folder, "code/scorer.py"))
    assert told == "mmdet cannot be imported: MMCV==2.2.0 is incompatible. Install another.\n"
    package.write_text('__version__ = "2.27.0"')
    assert "mmdet: found 2.27.0, needed 3.x" in complaint(adapted(folder, "code/scorer.py"))


# --- the profile --------------------------------------------------------------------------------


def test_the_profile_pins_the_adapter_as_it_is_and_the_script():
    official = load_tree(ROOT, "flux")["evaluation"]["geneval"]["detectors"]["official"]
    _, adapter, script, *_ = official["command"]
    pinned = {file["path"]: file["sha256"] for file in official["files"]}
    assert adapter == ADAPTER and script in pinned
    assert pinned[adapter] == sha256(ROOT / ADAPTER)
