"""PickScore by lists of prompts: means of each row, pairs of one prompt and one noise."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rdm_pipeline.artifacts import read_arrays, write_arrays
from rdm_pipeline.errors import RdmError
from rdm_pipeline.verbs import pickscore_table

ROWS = ("teacher", "start", "irdm")
LISTS = {
    "coco": {"label": "COCO-val", "count": 4, "samples": 1, "seed": 5},
    "other": {"label": "other", "count": 4, "samples": 1, "seed": 6, "context_length": 232},
}
ATTRS = {"classes": "[]", "model": "m", "prompts": "p", "noise": "seeds 5 to 305, shape 2x4x4"}
SCORES = {"teacher": [1, 2, 3, 4], "start": [0, 1, 3, 0], "irdm": [2, 2, 4, 3]}


def write_scores(folder: Path, **changes: Any) -> list[Path]:
    """Write a file per list and row; `changes` are to the attributes of irdm on the first list."""
    paths = []
    for name in LISTS:
        for row in ROWS:
            path = folder / f"{name}-{row}.h5"
            arrays = {"scores": np.float32(SCORES[row]), "labels": np.arange(4)}
            own = changes if (name, row) == ("coco", "irdm") else {}
            write_arrays(path, "preference", arrays, {**ATTRS, **own})
            paths.append(path)
    return paths


def show(
    folder: Path, scores: list[Path], paper_only: Sequence[str] = ("DMD2",)
) -> list[dict[str, str]]:
    params = pickscore_table.Params.model_validate(
        {
            "table": {"rows": list(ROWS), "against": "teacher", "paper_only": list(paper_only)},
            "lists": dict(sorted(LISTS.items(), reverse=True)),
            "order": list(LISTS),
            "context_length": 48,
            "labels": {"teacher": "four steps", "start": "one step", "irdm": "iRDM"},
            "published": {"teacher": "FLUX.2 [klein]", "irdm": "iRDM joint"},
        }
    )
    files = {kind: folder / f"pickscore.{kind}" for kind in ("csv", "markdown", "latex")}
    pickscore_table.run(params, scores=scores, **files)
    with files["csv"].open() as file:
        return list(csv.DictReader(file))


def test_rows_are_list_by_list_with_means_win_rates_and_the_papers_numbers(tmp_path):
    rows = show(tmp_path, write_scores(tmp_path))
    assert [(row["generator"], row["prompts"]) for row in rows] == [
        ("four steps", "COCO-val"),
        ("one step", "COCO-val"),
        ("iRDM", "COCO-val"),
        ("four steps", "other"),
        ("one step", "other"),
        ("iRDM", "other"),
        ("DMD2", "COCO-val"),  # which the paper alone has
    ]
    assert [row["PickScore"] for row in rows] == ["2.5", "1.0", "2.75", "2.5", "1.0", "2.75", ""]
    # irdm wins two pairs of four and ties one; start ties one
    assert [row["win rate"] for row in rows[:3]] == ["", "12.5", "62.5"]
    assert [row["paper"] for row in rows] == ["22.58", "", "22.76", "", "", "", "22.36"]
    assert [row["tokens"] for row in rows] == ["48"] * 3 + ["232"] * 3 + [""]
    assert {row["images"] for row in rows[:6]} == {"4"}
    assert (
        "in which an image is preferred to that of four steps"
        in (tmp_path / "pickscore.markdown").read_text()
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"model": "n"}, "its model is not that of"),
        ({"prompts": "q"}, "its prompts is not that of"),
        ({"noise": "seeds 6 to 306, shape 2x4x4"}, "noise of seeds 6 to 306, shape 2x4x4 against"),
    ],
)
def test_sides_of_other_prompts_noise_or_models_are_refused(tmp_path, changes, told):
    with pytest.raises(RdmError, match=told):
        show(tmp_path, write_scores(tmp_path, **changes))
    assert not (tmp_path / "pickscore.csv").exists()


def test_images_that_do_not_say_their_noise_are_not_paired(tmp_path):
    paths = write_scores(tmp_path)
    arrays, attrs = read_arrays(paths[1], "preference")
    del attrs["noise"]
    write_arrays(paths[1], "preference", arrays, attrs)
    with pytest.raises(RdmError, match=r"coco-start\.h5: does not say from which noise"):
        show(tmp_path, paths)


def test_a_row_that_the_paper_has_not_is_refused(tmp_path):
    with pytest.raises(RdmError, match=r"report\.pickscore\.paper_only: found 'SDXL', allowed: DM"):
        show(tmp_path, write_scores(tmp_path), ["SDXL"])


def test_prompts_in_another_order_are_refused(tmp_path):
    paths = write_scores(tmp_path)
    arrays, attrs = read_arrays(paths[2], "preference")
    arrays["labels"] = arrays["labels"][::-1]
    write_arrays(paths[2], "preference", arrays, attrs)
    with pytest.raises(RdmError, match="its images are not asked for as those of"):
        show(tmp_path, paths)


def test_a_file_too_few_is_no_table(tmp_path):
    with pytest.raises(ValueError, match="argument 3 is shorter"):
        show(tmp_path, write_scores(tmp_path)[:-1])
