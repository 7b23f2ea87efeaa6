"""Runs GenEval's official scorer, unmodified, under mmdet 3: mmdet3.py SCRIPT [ITS ARGUMENTS].

The scorer was written for mmdet 2, of which mmdet 3 differs in three ways: what a detector returns,
where the configurations lie, and what the tensors of a checkpoint are called. This file stands
alone, since rdm_pipeline is not in the scorer's environment.
"""

import runpy
import sys
from pathlib import Path

USAGE = "usage: mmdet3.py SCRIPT [ITS ARGUMENTS]"
CONFIG = ".mim/configs/mask2former/mask2former_swin-s-p4-w7-224_8xb2-lsj-50e_coco.py"


def main(words):
    """Run the script that the first word names, with the other words as its arguments."""
    if not words:
        sys.exit(USAGE)
    script, *arguments = words
    if not Path(script).is_file():
        sys.exit(f"{script}: not there; {USAGE}")
    config = adapt(import_mmdet3())
    # Of an option that is given twice the last one counts: a configuration of the caller's wins.
    sys.argv = [script, "--model-config", str(config), *arguments]
    sys.path[0] = str(Path(script).resolve().parent)
    runpy.run_path(script, run_name="__main__")


def import_mmdet3():
    """Return the package mmdet with its part `apis`."""
    try:
        import mmdet.apis
    # mmdet asserts that mmcv and mmengine are of versions that it knows
    except (ImportError, AssertionError) as error:
        sys.exit(f"mmdet cannot be imported: {' '.join(str(error).split())}")
    if not mmdet.__version__.startswith("3."):
        sys.exit(f"mmdet: found {mmdet.__version__}, needed 3.x; under 2.x run the script itself")
    return mmdet


def adapt(mmdet):
    """Replace what the script imports from mmdet.apis; return its own detector's configuration."""
    init, infer = mmdet.apis.init_detector, mmdet.apis.inference_detector

    def init_detector(config, checkpoint, **options):
        model = init(config, checkpoint, **options)
        require_all_weights(model, checkpoint)
        return model

    def inference_detector(model, image):
        return by_class(infer(model, image).pred_instances, len(model.dataset_meta["classes"]))

    mmdet.apis.init_detector, mmdet.apis.inference_detector = init_detector, inference_detector
    return Path(mmdet.__file__).parent / CONFIG


def require_all_weights(model, checkpoint):
    """End if a parameter of the model is not in the checkpoint, by name and shape.

    mmdet only warns, and would go on with random numbers: the decoders of checkpoints made for
    mmdet 2, such as the one of the same name, have other names in mmdet 3.
    """
    from mmengine.runner import CheckpointLoader

    told = CheckpointLoader.load_checkpoint(checkpoint, map_location="cpu")
    weights = told.get("state_dict", told)
    for name, value in model.named_parameters():
        shape = tuple(value.shape)
        if name not in weights or tuple(weights[name].shape) != shape:
            sys.exit(f"{checkpoint}: found no {name} of shape {shape}; is it a file of mmdet 3?")


def by_class(found, classes):
    """Return what mmdet 2 would: boxes and masks of an image, each a list with an entry a class.

    found: bboxes (n,4), scores (n), labels (n) and masks (n,H,W) as tensors. Boxes of a class are
    (m,5) float32 with the score in the last column, its masks a list of m (H,W) bool arrays.
    """
    import numpy as np

    def array(tensor):
        return tensor.detach().cpu().numpy()

    labels, masks = array(found.labels), array(found.masks).astype(bool)
    boxes = np.column_stack([array(found.bboxes), array(found.scores)]).astype(np.float32)
    rows = [np.flatnonzero(labels == label) for label in range(classes)]
    return [boxes[row] for row in rows], [list(masks[row]) for row in rows]


if __name__ == "__main__":
    main(sys.argv[1:])
