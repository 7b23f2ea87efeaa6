"""Tables of the spiral study beside the paper's numbers (Fig. 3, and Table 4 in low dimension)."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from rdm_pipeline.params.spiral import SpiralTolerance
from rdm_pipeline.reporting.published import DISCREPANCIES, SPIRAL, SPIRAL_REAL
from rdm_pipeline.reporting.spiral import LABELS, SpiralScore, by_cell
from rdm_pipeline.reporting.tables import Cell, Column, Table

SHARPEST = "mmd_nystrom"
PAPER_NOTE = "the paper's number (arXiv 2607.02375, Fig. 3): the same study, one seed."
RANKS_NOTE = (
    "the paper's order (arXiv 2607.02375): Fig. 3 is the same study, one seed; Table 4 is "
    "ImageNet-256, one encoder, other metrics."
)
CAPTION = (
    "Recall: share of the anchors on the clean curve that a sample comes near. medDist: median "
    "distance of samples to the curve; lower is sharper. Both are means over the seeds of a cell. "
)


def cells_table(
    title: str,
    scores: Sequence[SpiralScore],
    real: Mapping[str, float],
    tolerance: SpiralTolerance,
) -> Table:
    """Return a row per cell: recall and medDist beside the paper's, and whether they agree.

    `real` holds the `recall` and `med_dist` of fresh real points.
    """
    columns = (
        Column("cell"),
        Column("recall", decimals=2),
        Column("medDist", decimals=3),
        Column("medDist by seed"),
        Column("paper's recall", paper=True, decimals=2),
        Column("paper's medDist", paper=True, decimals=3),
        Column("agrees"),
    )
    known = abs(real["med_dist"] - SPIRAL_REAL) <= tolerance.med_dist
    floor = ("real points", real["recall"], real["med_dist"], None, None, SPIRAL_REAL, _yes(known))
    rows = [_cell_row(group, tolerance) for group in by_cell(scores).values()]
    caption = f"{CAPTION}{_agreement(rows, tolerance)} {_sharpest(scores)}"
    return Table(title, caption, columns, (floor, *rows), PAPER_NOTE)


def ranking_table(title: str, scores: Sequence[SpiralScore]) -> Table:
    """Return the discrepancies in the order of their medDist at each batch, beside the paper's."""
    columns = (
        Column("batch and rank"),
        Column("discrepancy"),
        Column("medDist", decimals=3),
        Column("paper's Fig. 3", paper=True),
        Column("agrees with Fig. 3"),
        Column("paper's Table 4", paper=True),
        Column("agrees with Table 4"),
    )
    found = _mean_med_dist(scores)
    rows = [row for batch in found for row in _ranks(batch, found[batch])]
    return Table(title, CAPTION + _sharpest(scores), columns, tuple(rows), RANKS_NOTE)


def _cell_row(group: Sequence[SpiralScore], tolerance: SpiralTolerance) -> tuple[Cell, ...]:
    first = group[0]
    recall, med_dist = fmean(s.recall for s in group), fmean(s.med_dist for s in group)
    paper = SPIRAL.get(first.batch, {}).get(first.discrepancy)
    agrees = paper and _yes(
        abs(recall - paper[0]) <= tolerance.recall
        and abs(med_dist - paper[1]) <= tolerance.med_dist
    )
    return (
        f"{LABELS[first.discrepancy]}, B = {first.batch}",
        recall,
        med_dist,
        ", ".join(f"{s.seed}: {s.med_dist:.3f}" for s in group),
        *(paper or (None, None)),
        agrees,
    )


def _agreement(rows: Sequence[tuple[Cell, ...]], tolerance: SpiralTolerance) -> str:
    verdicts = {str(row[0]): row[-1] for row in rows if row[-1] is not None}
    others = [name for name, verdict in verdicts.items() if verdict == "no"]
    return (
        f"A cell agrees with the paper if its recall is within {tolerance.recall:g} and its "
        f"medDist within {tolerance.med_dist:g}: {len(verdicts) - len(others)} of {len(verdicts)} "
        f"do. Those that disagree: {'; '.join(others) or 'none'}."
    )


def _sharpest(scores: Sequence[SpiralScore]) -> str:
    found = _mean_med_dist(scores)
    lost = [
        str(batch)
        for batch, means in found.items()
        if min(means, key=lambda n: means[n]) != SHARPEST
    ]
    holds = f"no, not at B = {', '.join(lost)}" if lost else "yes"
    return f"{LABELS[SHARPEST]} is the sharpest in every row: {holds}."


def _mean_med_dist(scores: Sequence[SpiralScore]) -> dict[int, dict[str, float]]:
    """medDist by batch and discrepancy, at the batches at which discrepancies are compared."""
    means: dict[int, dict[str, float]] = {}
    for (batch, discrepancy), group in by_cell(scores).items():
        means.setdefault(batch, {})[discrepancy] = fmean(score.med_dist for score in group)
    return {batch: found for batch, found in means.items() if len(found) > 1}


def _ranks(batch: int, found: Mapping[str, float]) -> list[tuple[Cell, ...]]:
    ours = sorted(found, key=lambda name: found[name])
    published = SPIRAL.get(batch, {})
    fig3 = sorted((name for name in ours if name in published), key=lambda n: published[n][1])
    table4 = [name for name in DISCREPANCIES if name in found]
    return [
        (f"B = {batch}, {rank}", LABELS[name], found[name], *_beside(name, fig3, rank))
        + _beside(name, table4, rank)
        for rank, name in enumerate(ours, start=1)
    ]


def _beside(name: str, published: Sequence[str], rank: int) -> tuple[Cell, Cell]:
    if rank > len(published):
        return None, None
    return LABELS[published[rank - 1]], _yes(published[rank - 1] == name)


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"
