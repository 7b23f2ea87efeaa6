import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rdm_pipeline.datasets.source import fetch, read_split, shard_rows, split_count
from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.dataset import FashionMnist, ImageFolder
from tests.datasets.files import flat, save


def fashion(count_limit, shards) -> FashionMnist:
    return FashionMnist.model_validate(
        {
            "kind": "fashion_mnist",
            "name": "fashion_mnist",
            "source": "auto",
            "limits": {"train": count_limit, "val": None},
            "shards": {"train": shards, "val": 1},
        }
    )


def folder_tree(train="train", val="val", limit=None, shards=1) -> dict:
    return {
        "kind": "folder",
        "name": "mine",
        "train": str(train),
        "val": str(val),
        "resolution": 8,
        "channels": 1,
        "limits": {"train": limit, "val": None},
        "shards": {"train": shards, "val": 1},
    }


def folder(*args, **kwargs) -> ImageFolder:
    return ImageFolder.model_validate(folder_tree(*args, **kwargs))


def described(count: int) -> dict:
    split = {"files": [], "count": count}
    return {"classes": ["a"], "splits": {"train": split, "val": split}}


sizes = st.tuples(st.integers(1, 200), st.none() | st.integers(1, 250), st.integers(1, 9))


@given(sizes, st.sampled_from([fashion, lambda n, k: folder(limit=n, shards=k)]))
def test_shards_cut_the_used_rows_into_contiguous_even_parts(size, make):
    count, limit, shards = size
    spec, known = make(limit, shards), described(count)
    used = split_count(spec, known, "train")
    if shards > used:
        with pytest.raises(RdmError, match=r"shards\.train"):
            shard_rows(spec, known, "train", 0)
        return
    parts = [shard_rows(spec, known, "train", k) for k in range(shards)]
    rows = np.concatenate(parts)
    assert len(rows) == used == min(count, limit or count)
    assert (np.diff(rows) > 0).all() and rows[0] == 0 and rows[-1] < count
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_limit_takes_the_first_rows_of_fashion_mnist():
    assert shard_rows(fashion(5, 1), described(100), "train", 0).tolist() == [0, 1, 2, 3, 4]


def test_a_limit_spreads_over_a_folder_sorted_by_class():
    rows = shard_rows(folder(limit=5), described(100), "train", 0)
    assert rows.tolist() == [0, 20, 40, 60, 80]


def test_a_shard_that_does_not_exist_is_refused():
    with pytest.raises(RdmError, match="allows 0 to 1"):
        shard_rows(fashion(None, 2), described(10), "train", 2)


def test_a_folder_goes_from_fetch_to_blocks_of_all_its_shards(tmp_path):
    for split, number in (("train", 7), ("val", 2)):
        for label in ("one", "two"):
            for index in range(number):
                shade = index + 100 * (label == "two")
                save(tmp_path / split / label / f"{index}.png", flat(shade, (9 + index, 12)))
    spec = folder(tmp_path / "train", tmp_path / "val", shards=3)
    found = json.loads(json.dumps(fetch(spec, tmp_path / "raw")))
    blocks = []
    for shard in range(3):
        rows = shard_rows(spec, found, "train", shard)
        blocks += read_split(spec, tmp_path / "raw", found, "train", rows)
    images = np.concatenate([images for images, _ in blocks])
    labels = np.concatenate([labels for _, labels in blocks])
    assert images.shape == (14, 1, 8, 8)
    assert images[:, 0, 0, 0].tolist() == [*range(7), *range(100, 107)]
    assert labels.tolist() == [0] * 7 + [1] * 7


def test_both_kinds_tell_their_resolution_and_channels():
    assert (fashion(None, 1).resolution, fashion(None, 1).channels) == (28, 1)
    assert (folder().resolution, folder().channels) == (8, 1)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"name": "My Data"}, "name"),
        ({"channels": 2}, "channels"),
        ({"resolution": "28"}, "resolution"),
        ({"train": ""}, "train"),
        ({"limits": {"train": 0, "val": None}}, "limits.train"),
        ({"shards": {"train": 1}}, "shards.val"),
        ({"bad_images": -1}, "bad_images"),
        ({"val_labels": ""}, "val_labels"),
    ],
)
def test_a_wrong_dataset_key_is_named(change, key):
    with pytest.raises(ValidationError) as caught:
        ImageFolder.model_validate({**folder_tree(), **change})
    assert [".".join(map(str, e["loc"])) for e in caught.value.errors()] == [key]
