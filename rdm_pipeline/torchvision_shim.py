"""Lets a torchvision built for CUDA be imported beside a CPU-only torch."""

import torch

_MISSING = ("nms", "qnms")
_libraries: list[torch.library.Library] = []  # a Library that is collected takes its schemas along


def declare_missing_operators() -> None:
    """Declare the schemas torchvision expects of its compiled part, if that part cannot load.

    Call before the first `import torchvision` (or timm, open_clip, lightly, which import it).
    The operators stay without a kernel: only detection models would call them.
    """
    wanted = [name for name in _MISSING if not hasattr(torch.ops.torchvision, name)]
    if not wanted or torch.version.cuda is not None:
        return
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in wanted:
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _libraries.append(library)
