"""Files of references and of real features as what a run trains against."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from rdm_pipeline.artifacts import read_arrays
from rdm_pipeline.discrepancies.nystrom import NystromReference
from rdm_pipeline.loading.features import by_name, load_features
from rdm_pipeline.loading.images import describe_images, load_labels
from rdm_pipeline.loading.texts import load_texts, require_rows
from rdm_pipeline.params.discrepancies import DiscrepancySpec
from rdm_pipeline.reference.coupling import class_codes, couple
from rdm_pipeline.reference.matching import target
from rdm_pipeline.reference.target import Target


@dataclass(frozen=True)
class Labels:
    """The conditions of a set of images: ids (N,) int64, which name rows of codes (P, c)."""

    ids: Tensor
    codes: Tensor


@dataclass(frozen=True)
class Files:
    """One encoder's frozen reference and, where the discrepancy needs them, real features."""

    reference: Path
    features: Path | None


def files_of(
    names: Sequence[str], references: Sequence[Path], features: Sequence[Path]
) -> dict[str, Files]:
    """Return the files by encoder; RdmError unless there is one per name, or no features at all."""
    reference_of = by_name(names, references)
    features_of = by_name(names, features) if features else {}
    return {name: Files(reference_of[name], features_of.get(name)) for name in names}


def load_image_labels(path: Path, texts: Path | None) -> Labels:
    """Return the conditions of a file of images: classes, or the prompts whose codes `texts` are.

    Row i of `texts` is of image i; RdmError unless there are as many.
    """
    about = describe_images(path)
    if texts is None:
        return Labels(load_labels(path), class_codes(len(about.classes)))
    codes = load_texts(texts)
    require_rows(texts, len(codes), path, about.rows)
    return Labels(torch.arange(len(codes)), codes)


def load_target(
    files: Files,
    encoder: str,
    spec: DiscrepancySpec,
    labels: Labels | None,
    seed: int,
    device: torch.device | str = "cpu",
) -> Target:
    """Return what an encoder is matched to; `labels` are those of the rows of `files.features`."""
    arrays, attrs = read_arrays(files.reference, "reference", expect={"encoder": encoder})
    reference = NystromReference(
        landmarks=torch.from_numpy(arrays["landmarks"]),
        alpha=torch.from_numpy(arrays["alpha"]),
        gamma=attrs["gamma"],
        k_rr=attrs["k_rr"],
    )
    real = None
    if files.features is not None and labels is not None:
        features = load_features(files.features, encoder)
        real = couple(features, labels.ids, labels.codes, attrs["beta"]).to(device)
    return target(spec, reference.to(device), attrs["beta"], real, seed)
