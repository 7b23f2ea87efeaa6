"""What the tables and figures of experiments print, from scores on disk."""

import csv
from pathlib import Path

import PIL.Image
import pytest

from rdm_pipeline.artifacts import write_json
from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.project import load_tree, parse
from rdm_pipeline.reporting.comparison_figures import batch_axis
from rdm_pipeline.verbs import alone, axis, comparison

ROOT = Path(__file__).resolve().parents[2]
PROJECT = parse(load_tree(ROOT))
PANEL, HELD_OUT = ["a", "b", "c"], ["c"]


def outputs(folder: Path) -> dict[str, Path]:
    return {"csv": folder / "t.csv", "markdown": folder / "t.md", "latex": folder / "t.tex"}


def read_rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open() as file:
        return {row["run"]: row for row in csv.DictReader(file)}


def compared(name: str) -> comparison.Params:
    told = PROJECT.report.comparisons[name]
    experiment = PROJECT.experiments[told.experiment]
    return comparison.Params(
        comparison=told,
        labels=PROJECT.report.labels,
        seeds=experiment.seeds,
        runs={r: PROJECT.runs[experiment.members(told.experiment, r)[0]] for r in told.rows},
        panel=PANEL,
        held_out=HELD_OUT,
    )


def write_all(folder: Path, values: list[dict]) -> list[Path]:
    paths = [folder / f"{index}.json" for index in range(len(values))]
    for path, value in zip(paths, values, strict=True):
        write_json(path, value)
    return paths


def neutral_scores(folder: Path, params: comparison.Params) -> list[Path]:
    """Baselines 1, then every row 10 higher than the one before, a unit apart by seed."""
    told, seeds = params.comparison, len(params.seeds)
    values = [1.0] * len(told.baselines)
    values += [10.0 * row + seed for row in range(1, len(told.rows) + 1) for seed in range(seeds)]
    return write_all(folder, [{"energy": v, "polynomial": 2 * v} for v in values])


def panel_scores(sw: list[float]) -> dict:
    by_name = dict(zip(PANEL, sw, strict=True))
    return {"sw": by_name, "mmd": by_name, "sw_mean": sum(sw) / 3, "mmd_mean": sum(sw) / 3}


def test_a_row_is_the_mean_and_spread_of_its_own_seeds(tmp_path):
    params = compared("table4")
    comparison.run(params, scores=neutral_scores(tmp_path, params), **outputs(tmp_path))
    rows = read_rows(tmp_path / "t.csv")
    assert list(rows)[:2] == ["real (second draw)", "VAE decoder (warm start)"]
    assert list(rows)[2:] == params.comparison.rows
    second = rows[params.comparison.rows[1]]
    assert float(second["energy distance"]) == pytest.approx(21)
    assert float(second["± polynomial MMD²"]) == pytest.approx(2)
    assert "it shows at this scale: of 15 pairs 15" in (tmp_path / "t.md").read_text()


def test_the_panel_is_printed_as_its_three_means(tmp_path):
    params = compared("table3")
    values = [panel_scores([1.0, 1.0, 1.0])] * 2
    values += [panel_scores([row, row, 2.0 * row]) for row in (3.0, 5.0, 7.0) for _ in params.seeds]
    comparison.run(params, scores=write_all(tmp_path, values), **outputs(tmp_path))
    row = read_rows(tmp_path / "t.csv")["uniform"]
    assert float(row["SW_r3"]) == pytest.approx(20 / 3)
    assert float(row["held-out mean"]) == pytest.approx(10)
    assert float(row["± SW_r3"]) == 0


def test_a_growing_batch_is_told_with_its_samples(tmp_path):
    params = compared("beyond")
    values = [panel_scores([1.0, 1.0, 1.0])] * (2 + 3 * len(params.seeds))
    comparison.run(params, scores=write_all(tmp_path, values), **outputs(tmp_path))
    rows = read_rows(tmp_path / "t.csv")
    assert rows["growing"]["batch"] == "128 to 256 to 512"
    assert rows["growing"]["samples"] == rows["controller"]["samples"], "matched budget"


def test_the_batch_axis_holds_every_seed_at_its_batch_and_the_baselines(tmp_path, monkeypatch):
    params, seen = compared("table6"), {}

    def drawn(curves, levels):
        seen.update(curves=curves, levels=levels)
        return batch_axis(curves, levels)

    monkeypatch.setattr(axis, "batch_axis", drawn)
    axis.run(params, scores=neutral_scores(tmp_path, params), picture=tmp_path / "a.png")
    values = {
        int(name.removeprefix("b")): [10.0 * row, 10.0 * row + 1, 10.0 * row + 2]
        for row, name in enumerate(params.comparison.rows, start=1)
    }
    assert seen["curves"]["energy distance"] == values
    assert set(seen["levels"]["polynomial MMD²"].values()) == {2.0}
    with PIL.Image.open(tmp_path / "a.png") as picture:
        colours = picture.convert("RGB").getcolors(maxcolors=2**20)
    assert len(colours) > 10, "an empty plot has but axes and text"


def test_the_batch_axis_wants_fixed_batches(tmp_path):
    params = compared("beyond")
    with pytest.raises(RdmError, match=r"growing has batches .* allowed: one fixed batch"):
        axis.run(
            params,
            scores=write_all(
                tmp_path, [panel_scores([1.0, 1.0, 1.0])] * (2 + 3 * len(params.seeds))
            ),
            picture=tmp_path / "b.png",
        )


@pytest.mark.parametrize(
    ("score", "held_out", "verdict"),
    [(1.0, 6.0, "shows at"), (3.0, 6.0, "does not show"), (1.0, 2.1, "does not show")],
)
def test_one_encoder_is_gamed_if_it_alone_reaches_its_floor(tmp_path, score, held_out, verdict):
    metrics = write_all(tmp_path, [panel_scores([1, 1, 1]), panel_scores([2.0, 5.0, held_out])])
    write_json(tmp_path / "h.json", [{"scores": {"a": score * 0.5}, "batch": 8}] * 12)
    write_json(tmp_path / "f.json", {"8": {"a": {"mean": 0.5, "spread": 0.1}}})
    alone.run(
        alone.Params(
            encoder="a",
            label="a alone",
            beside=["real"],
            labels={"real": "real"},
            panel=PANEL,
            held_out=HELD_OUT,
        ),
        metrics=metrics,
        histories=[tmp_path / "h.json"],
        floors=[tmp_path / "f.json"],
        picture=tmp_path / "p.png",
        **outputs(tmp_path),
    )
    row = read_rows(tmp_path / "t.csv")["a alone"]
    assert float(row["a"]) == 2.0
    assert float(row["other encoders"]) == pytest.approx((5 + held_out) / 2)
    assert float(row["training score / floor"]) == pytest.approx(score)
    assert verdict in (tmp_path / "t.md").read_text()
