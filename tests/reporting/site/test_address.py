import pytest

from rdm_pipeline.lineage.cells import Source
from rdm_pipeline.lineage.graph import load_graph
from rdm_pipeline.reporting.site.address import Addresses, number_page, safe, up
from tests.lineage.conftest import RESULTS


@pytest.mark.parametrize("name", ["irdm", "alone_sup_s0", "table1.csv", "samples-irdm", "0.h5"])
def test_plain_names_are_files_as_they_are(name):
    assert safe(name) == name


def test_other_names_become_plain_and_stay_apart_where_case_is_ignored():
    names = ["A", "a", "a b", "a?b", "a#b", "..", ".", "", "<b>", "a\u202eb", "x" * 300, "x" * 301]
    files = [safe(name) for name in names]
    assert len({file.lower() for file in files}) == len(names)
    for file in files:
        assert set(file) <= set("abcdefghijklmnopqrstuvwxyz0123456789_.-")
        assert file.strip(".") and len(file) < 120


def test_shards_are_on_the_page_of_the_whole(made):
    graph = load_graph(made)
    addresses = Addresses(graph)
    whole, shard = f"{RESULTS}/images/data/train.h5", f"{RESULTS}/images/data/train/1.h5"
    assert addresses.artifact(whole) == "artifacts/images/data/train.h5.html"
    expected = f"artifacts/images/data/train.h5.html#{addresses.anchor(shard)}"
    assert addresses.artifact(shard) == expected
    assert addresses.artifact(f"{RESULTS}/never/made.h5") is None


def test_numbers_of_other_inputs_or_of_another_encoder_have_another_page(made):
    graph = load_graph(made)
    a, b, c = (f"{RESULTS}/metrics/{name}.json" for name in ("real", "vae", "irdm"))
    sup, both, others = frozenset({"sup"}), frozenset({"sup", "a"}), frozenset({"sup", "b"})
    sources = [([a], None), ([a], sup), ([a], both), ([a], others), ([a, b], None), ([a, c], None)]
    pages = [number_page(graph, Source(*what)) for what in sources]
    assert len(set(pages)) == len(pages)
    assert up(pages[1]) == "../../../"
