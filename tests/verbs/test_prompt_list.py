"""Lists of prompts to be scored: the first so many of a file or of the captions, never fewer."""

import json
from pathlib import Path

import pytest

from rdm_pipeline.artifacts import read_json_lines
from rdm_pipeline.errors import RdmError
from rdm_pipeline.verbs import prompt_list


def write_lines(path: Path, prompts: list[str]) -> Path:
    path.write_text("".join(json.dumps({"prompt": p, "id": 1}) + "\n" for p in prompts))
    return path


def taken(folder: Path, count: int, file: Path | None = None) -> list[dict[str, str]]:
    captions = write_lines(folder / "val.jsonl", ["a cat", "a dog", "a cat"])
    params = prompt_list.Params(prompts=file and str(file), count=count, name="mine")
    prompt_list.run(params, captions=captions, prompts=folder / "prompts.jsonl")
    return read_json_lines(folder / "prompts.jsonl")


def test_without_a_file_they_are_the_first_captions(tmp_path):
    assert taken(tmp_path, 2) == [{"prompt": "a cat"}, {"prompt": "a dog"}]
    assert len(taken(tmp_path, 3)) == 3  # equal captions are of other images


def test_a_file_of_ones_own_comes_first(tmp_path):
    own = write_lines(tmp_path / "own.jsonl", ["ein Hund", "eine Katze"])
    assert taken(tmp_path, 1, own) == [{"prompt": "ein Hund"}]


def test_a_list_that_is_too_short_is_refused(tmp_path):
    with pytest.raises(RdmError, match=r"val\.jsonl: found 3 prompts, .*lists\.mine\.count is 4"):
        taken(tmp_path, 4)


def test_a_file_that_is_missing_or_of_another_form_is_named(tmp_path):
    with pytest.raises(RdmError, match=r"none\.jsonl"):
        taken(tmp_path, 1, tmp_path / "none.jsonl")
    other = tmp_path / "other.jsonl"
    other.write_text('{"text": "a cat"}\n')
    with pytest.raises(RdmError, match=r"other\.jsonl: line 1 is .*allowed: {\"prompt\": TEXT"):
        taken(tmp_path, 1, other)
