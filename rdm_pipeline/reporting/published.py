"""The paper's numbers, for columns of their own: arXiv 2607.02375.

Those of Tables 1 and 7 come from other images and 14 other encoders, so they orient; ours are no
reproduction of them. The spiral needs no data and no weights: its numbers are meant to agree.
"""

from collections.abc import Mapping, Sequence

from rdm_pipeline.errors import RdmError

COLUMN = "paper (ImageNet-256, 14 other encoders)"

# Table 1: SW ratio, mean over the paper's panel of 14.
SW_R14 = {
    "real": 1.00,
    "iRDM": 1.30,
    "pMF-H FD-SIM": 2.05,
    "REPA-E SiT-XL": 2.40,
    "RAE-XL": 2.43,
    "LightningDiT-XL": 3.10,
    "SiT-XL/2+REPA": 3.61,
    "MAR-H": 3.87,
    "SiT-XL/2": 4.27,
    "Drifting-L": 5.93,
}

# Table 1's run, 4000 steps on ImageNet: "about 80 H200-hours".
H200_HOURS = {"iRDM": 80.0}

# Table 7 (appendix D): RFF-MMD^2 ratio, mean over the same panel.
MMD_R14 = {"iRDM": 2.69}

# Fig. 6: share of pairs in which PickScore prefers iRDM's image, on ImageNet.
WIN_RATES = {"pMF-H FD-SIM": 0.712, "real": 0.636, "RAE-XL": 0.757, "REPA-E SiT-XL": 0.732}

# Table 2: overall GenEval, the official scorer on 553 prompts at 512 px.
GENEVAL = {"iRDM joint": 0.826, "iRDM marginal": 0.801, "DMD2": 0.804, "FLUX.2 [klein]": 0.794}

# PickScore by list of prompts, means.
PICKSCORE: Mapping[str, Mapping[str, float]] = {
    "COCO-val": {"iRDM joint": 22.76, "FLUX.2 [klein]": 22.58, "DMD2": 22.36},
    "Pick-a-Pic 499": {"iRDM joint": 21.82, "FLUX.2 [klein]": 21.85},
}

# Table 4: discrepancies by neutral metrics on ImageNet-256, best first.
DISCREPANCIES = (
    "mmd_nystrom",
    "mmd_rff",
    "mmd_exact",
    "frechet",
    "sliced_wasserstein",
    "drifting",
)

# Fig. 3: (recall, medDist) on the spiral by batch and discrepancy; medDist of real points.
SPIRAL: Mapping[int, Mapping[str, tuple[float, float]]] = {
    8: {
        "frechet": (0.30, 0.378),
        "sliced_wasserstein": (0.52, 0.280),
        "drifting": (1.00, 0.254),
        "mmd_rff": (0.88, 0.189),
        "mmd_exact": (0.98, 0.197),
        "mmd_nystrom": (0.98, 0.158),
    },
    32: {
        "frechet": (0.23, 0.313),
        "sliced_wasserstein": (0.97, 0.230),
        "drifting": (1.00, 0.073),
        "mmd_rff": (0.97, 0.137),
        "mmd_exact": (0.98, 0.085),
        "mmd_nystrom": (1.00, 0.054),
    },
    128: {
        "frechet": (0.32, 0.330),
        "sliced_wasserstein": (0.98, 0.140),
        "drifting": (0.00, 0.53),
        "mmd_rff": (0.98, 0.108),
        "mmd_exact": (1.00, 0.040),
        "mmd_nystrom": (1.00, 0.028),
    },
}
SPIRAL_REAL = 0.033


def published_rows(numbers: Mapping[str, float], names: Mapping[str, str]) -> dict[str, float]:
    """Return a table's published numbers by our row; `names` has the paper's name of each row.

    A table may not hold them all. Raises RdmError for a name that no table has.
    """
    tables = (SW_R14, MMD_R14, WIN_RATES, GENEVAL, *PICKSCORE.values())
    known = {name for table in tables for name in table}
    for row, name in names.items():
        if name not in known:
            allowed = ", ".join(sorted(known))
            raise RdmError(f"report.published.{row}: found {name!r}, allowed: {allowed}")
    return {row: numbers[name] for row, name in names.items() if name in numbers}


def published_only(
    numbers: Mapping[str, float], names: Sequence[str], table: str
) -> dict[str, float]:
    """Return the numbers of rows that the paper alone has, by its names.

    Raises RdmError, with the key of the parameter of report.`table`, for a name that is not there.
    """
    for name in names:
        if name not in numbers:
            allowed = ", ".join(sorted(numbers))
            raise RdmError(f"report.{table}.paper_only: found {name!r}, allowed: {allowed}")
    return {name: numbers[name] for name in names}
