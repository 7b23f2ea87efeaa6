"""The evaluation bank of one encoder: all that scoring a generated set needs of the real ones."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from rdm_pipeline.discrepancies.checks import draw_rows, require_dim, require_finite
from rdm_pipeline.discrepancies.rff import RffBank, build_rff_bank, draw_rff, rff_mmd2
from rdm_pipeline.discrepancies.sliced_wasserstein import (
    random_directions,
    sliced_wasserstein_sorted,
    sorted_projections,
)
from rdm_pipeline.errors import RdmError


@dataclass(frozen=True)
class EvaluationBank:
    """Real side and floors of SW_r14 and MMDr14 for one encoder; a Tensor is an array of the file.

    train_projections (directions, samples) float32: sorted projections of the training draw.
    rff_mean (D,) float32: mean random Fourier features of the `rff_rows` training rows.
    val_rows, real_rows (draws, max(samples, rff_rows)) int64: the validation rows behind the
    floors, and as many second draws to score as the table's row `real`. Each metric takes the first
    `samples` or `rff_rows` columns. Floors are means over draws: one draw of thousands still
    scatters by a third, because the classes' shares in it do. For SW the k-th draws of both share
    no row; for RFF-MMD they do only where 2 * rff_rows exceeds the validation set.
    """

    train_projections: Tensor
    rff_mean: Tensor
    val_rows: Tensor
    real_rows: Tensor
    dim: int
    directions_seed: int
    sw_floor: float
    rff_seed: int
    rff_sigma: float
    rff_rows: int
    rff_floor: float

    @property
    def samples(self) -> int:
        """Rows that a set scored by SW must have."""
        return self.train_projections.shape[1]

    def directions(self) -> Tensor:
        """The unit directions (dim, directions) that all sets share."""
        return random_directions(self.dim, len(self.train_projections), self.directions_seed)

    def rff(self) -> RffBank:
        """Frequencies, drawn again from their seed, with the real mean."""
        frequencies = draw_rff(self.dim, len(self.rff_mean), self.rff_sigma, self.rff_seed)
        return RffBank(*frequencies, self.rff_mean)

    def arrays(self) -> dict[str, np.ndarray]:
        """The tensors, by field name, as an HDF5 file holds them."""
        return {k: v.numpy(force=True) for k, v in vars(self).items() if isinstance(v, Tensor)}

    def attrs(self) -> dict[str, int | float]:
        """The scalars, by field name, as attributes of an HDF5 file."""
        return {k: v for k, v in vars(self).items() if not isinstance(v, Tensor)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray], attrs: dict[str, int | float]) -> Self:
        """The bank that `arrays` and `attrs` describe."""
        tensors = {name: torch.from_numpy(np.asarray(array)) for name, array in arrays.items()}
        # h5py reads scalars back as numpy's.
        scalars = {name: np.asarray(value).item() for name, value in attrs.items()}
        return cls(**tensors, **scalars)  # type: ignore[arg-type]


@torch.no_grad()
def build_bank(
    train: Tensor,
    val: Tensor,
    sigma: float,
    samples: int,
    directions: int,
    seed: int,
    draws: int,
    rff_features: int,
    rff_seed: int,
    rff_rows: int,
) -> EvaluationBank:
    """Draw the real sets and measure both floors: mean distance of validation to training rows.

    train (N, d) and val (N', d) real features, sigma the encoder's bandwidth. `seed` fixes the
    `draws` of validation rows, the one of training rows and the directions; `rff_seed` the
    frequencies.
    Raises RdmError for sets too small, non-finite features and floors of 0.
    Source: method.md section 8.
    """
    dim, largest = train.shape[1], max(samples, rff_rows)
    require_dim(val, dim, "validation features")
    _check_sizes(len(train), len(val), samples, rff_rows)
    generator = torch.Generator().manual_seed(seed)
    train_rows = draw_rows(len(train), largest, generator)
    val_orders = torch.stack([draw_rows(len(val), len(val), generator) for _ in range(draws)])
    train_draw = _take(train, train_rows, "training features")
    val_draws = [_take(val, order[:largest], "validation features") for order in val_orders]

    unit = random_directions(dim, directions, seed)
    projections = sorted_projections(train_draw[:samples], unit)
    sw_floors = [
        sliced_wasserstein_sorted(sorted_projections(draw[:samples], unit), projections)
        for draw in val_draws
    ]
    rff = build_rff_bank(train_draw[:rff_rows], sigma, rff_features, rff_seed)
    return EvaluationBank(
        train_projections=projections,
        rff_mean=rff.mean,
        val_rows=val_orders[:, :largest].contiguous(),
        # From the other end of the same orders: disjoint as long as the set is large enough.
        real_rows=val_orders.flip(1)[:, :largest].contiguous(),
        dim=dim,
        directions_seed=seed,
        sw_floor=_positive(torch.stack(sw_floors).mean(), "SW"),
        rff_seed=rff_seed,
        rff_sigma=sigma,
        rff_rows=rff_rows,
        rff_floor=_positive(
            torch.stack([rff_mmd2(draw[:rff_rows], rff) for draw in val_draws]).mean(), "RFF-MMD"
        ),
    )


def _check_sizes(train: int, val: int, samples: int, rff_rows: int) -> None:
    if 2 * samples > val:
        raise RdmError(
            f"samples: {samples}, allowed at most {val // 2}: half of the {val} validation rows "
            "for the floor, half for the row `real`"
        )
    if rff_rows > val:
        raise RdmError(f"rff_rows: {rff_rows}, allowed at most the {val} validation rows")
    if max(samples, rff_rows) > train:
        raise RdmError(
            f"samples: {samples}, rff_rows: {rff_rows}, allowed at most the {train} training rows"
        )


def _take(features: Tensor, rows: Tensor, name: str) -> Tensor:
    drawn = features[rows.to(features.device)].float()
    require_finite(drawn, name)
    return drawn


def _positive(floor: Tensor, metric: str) -> float:
    if not floor > 0:
        raise RdmError(
            f"{metric} floor: {float(floor)}, allowed above 0: are validation and training "
            "features the same rows?"
        )
    return float(floor)
