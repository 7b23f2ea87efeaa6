"""rdm reference: bandwidth, landmarks and Nyström solve of one encoder, frozen."""

from pathlib import Path

import torch
from pydantic import PositiveInt
from torch import Tensor

from rdm_pipeline.artifacts import Attribute, read_json, write_arrays
from rdm_pipeline.discrepancies.kernels import median_bandwidth
from rdm_pipeline.loading.features import load_features
from rdm_pipeline.loading.targets import load_image_labels
from rdm_pipeline.loading.texts import require_rows
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.references import ReferenceSpec
from rdm_pipeline.progress import note
from rdm_pipeline.reference.coupling import couple
from rdm_pipeline.reference.landmarks import kmeans_landmarks
from rdm_pipeline.reference.nystrom import build_nystrom_reference


class Params(Section):
    """What reference reads."""

    encoder: str
    reference: ReferenceSpec
    threads: PositiveInt


def run(
    params: Params,
    *,
    features: Path,
    images: Path,
    texts: Path | None,
    mixture: Path | None,
    reference: Path,
) -> None:
    """Write landmarks (M, d) and alpha (M,), with the bandwidth and k_rr.

    `texts` are the codes of the images' prompts; without them images are of classes. `mixture` says
    what a mixture of images is made of; RdmError where that is not as many rows.
    """
    torch.set_num_threads(params.threads)
    spec, label = params.reference, f"reference {params.encoder}"
    note(label, "bandwidth")
    real, labels = load_features(features, params.encoder), load_image_labels(images, texts)
    if mixture is not None:
        require_rows(mixture, read_json(mixture)["rows"], features, len(real))
    sigma = median_bandwidth(real, spec.bandwidth_scale, spec.bandwidth_rows, seed=spec.seed)
    beta = spec.beta * sigma / _code_scale(labels.codes, spec)
    coupled = couple(real, labels.ids, labels.codes, beta)
    note(label, f"{spec.landmarks} landmarks")
    landmarks = kmeans_landmarks(
        coupled, spec.landmarks, spec.kmeans_iterations, spec.kmeans_rows, seed=spec.seed
    )
    note(label, "mean embedding and solve")
    solved = build_nystrom_reference(coupled, landmarks, sigma, spec.jitter, spec.k_rr_rows)
    arrays = {"landmarks": solved.landmarks.numpy(), "alpha": solved.alpha.numpy()}
    attrs: dict[str, Attribute] = {
        "encoder": params.encoder,
        "gamma": solved.gamma,
        "k_rr": solved.k_rr,
        "sigma": sigma,
        "beta": beta,
    }
    write_arrays(reference, "reference", arrays, attrs)


def _code_scale(codes: Tensor, spec: ReferenceSpec) -> float:
    if spec.code_scale == "unit":
        return 1.0
    return median_bandwidth(codes, 1.0, spec.bandwidth_rows, seed=spec.seed)
