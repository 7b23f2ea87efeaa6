"""rdm reference: bandwidth, landmarks and Nyström solve of one encoder, frozen."""

from pathlib import Path

import torch
from pydantic import PositiveInt

from rdm_pipeline.artifacts import Attribute, write_arrays
from rdm_pipeline.discrepancies.kernels import median_bandwidth
from rdm_pipeline.loading.features import load_features
from rdm_pipeline.loading.images import describe_images, load_labels
from rdm_pipeline.params.base import Section
from rdm_pipeline.params.references import ReferenceSpec
from rdm_pipeline.progress import note
from rdm_pipeline.reference.coupling import couple_labels
from rdm_pipeline.reference.landmarks import kmeans_landmarks
from rdm_pipeline.reference.nystrom import build_nystrom_reference


class Params(Section):
    """What reference reads."""

    encoder: str
    reference: ReferenceSpec
    threads: PositiveInt


def run(params: Params, *, features: Path, images: Path, reference: Path) -> None:
    """Write landmarks (M, d) and alpha (M,), with the bandwidth and k_rr."""
    torch.set_num_threads(params.threads)
    spec, label = params.reference, f"reference {params.encoder}"
    note(label, "bandwidth")
    real, classes = load_features(features, params.encoder), describe_images(images).classes
    sigma = median_bandwidth(real, spec.bandwidth_scale, spec.bandwidth_rows, seed=spec.seed)
    beta = spec.label_beta * sigma
    coupled = couple_labels(real, load_labels(images), len(classes), beta)
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
        "label_beta": beta,
    }
    write_arrays(reference, "reference", arrays, attrs)
