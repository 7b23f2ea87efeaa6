"""What the HDF5 artifacts of each kind hold."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Schema:
    """What an HDF5 artifact of one kind holds: dtype and axes per array, names of attributes.

    An attribute of `optional` may be missing.
    """

    arrays: Mapping[str, tuple[str, int]]
    attrs: tuple[str, ...]
    optional: tuple[str, ...] = ()


SCHEMAS: Mapping[str, Schema] = {
    # noise: what image i was generated from, the same text for the same noise
    # prompts: a hash of the list whose rows the labels are
    "images": Schema(
        {"images": ("uint8", 4), "labels": ("int64", 1)}, ("classes",), ("noise", "prompts")
    ),
    "preference": Schema(
        {"scores": ("float32", 1), "labels": ("int64", 1)},
        ("classes", "model"),
        ("noise", "prompts"),
    ),
    "features": Schema({"features": ("float32", 2)}, ("encoder", "pool", "resolution")),
    # the bits of bfloat16, which HDF5 does not know; prompt i has row rows[i] of them
    "contexts": Schema({"contexts": ("uint16", 3), "rows": ("int64", 1)}, ("encoder", "prompts")),
    "texts": Schema({"codes": ("float32", 2)}, ("encoder", "prompts")),
    "points": Schema({"points": ("float32", 2)}, ("discrepancy", "batch", "seed")),
    "reference": Schema(
        {"landmarks": ("float32", 2), "alpha": ("float32", 1)},
        ("encoder", "gamma", "k_rr", "sigma", "beta"),
    ),
    "bank": Schema(
        {
            "train_projections": ("float32", 2),
            "rff_mean": ("float32", 1),
            "val_rows": ("int64", 2),
            "real_rows": ("int64", 2),
        },
        (
            "encoder",
            "dim",
            "directions_seed",
            "sw_floor",
            "rff_seed",
            "rff_sigma",
            "rff_rows",
            "rff_floor",
        ),
    ),
}
