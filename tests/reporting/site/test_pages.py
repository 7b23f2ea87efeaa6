import re

import pytest

from rdm_pipeline.errors import RdmError
from rdm_pipeline.reporting.site.contents import upstream
from rdm_pipeline.reporting.site.pages import site_files
from rdm_pipeline.reporting.site.render import TEMPLATES, duration, energy, page_html
from tests.lineage.conftest import RESULTS
from tests.reporting.site.conftest import EVIL, EVIL_FILE, SCORES, contents_of
from tests.reporting.site.links import Page, dead_links, pages


def test_every_link_leads_to_a_place_in_the_report(site):
    assert list(dead_links(site)) == []


def test_every_page_can_be_reached_from_the_first(site):
    known = pages(site)
    found, ahead = set(), ["index.html"]
    while ahead:
        name = ahead.pop()
        if name in found or name not in known:
            continue
        found.add(name)
        for address in known[name].addresses:
            path = (site / name).parent / address.partition("#")[0]
            ahead.append(path.resolve().relative_to(site.resolve()).as_posix())
    assert found == known.keys()


def test_the_same_contents_give_the_same_bytes(files, made):
    assert site_files(contents_of(made)) == files


def test_there_is_a_page_per_run_encoder_table_number_and_artifact(files, contents):
    assert {"runs/irdm.html", "runs/vae.html", "encoders/sup.html", "tables/table7.html"} <= {
        *files
    }
    assert sum(name.startswith("numbers/") for name in files) == 9
    shards = sum(
        path.count("/train/") + path.count("/samples/0") for path in contents.graph.records
    )
    artifacts = [name for name in files if name.startswith("artifacts/")]
    assert len(artifacts) == len(contents.graph.records) - shards


def test_a_table_shows_each_number_with_all_its_digits_and_its_csv(files, contents):
    text = files["tables/table1.html"].decode()
    for scores in SCORES.values():
        for value in (*scores, sum(scores)):
            assert f'data-value="{value}"' in text
    assert (
        files["tables/table1.csv"].decode() == contents.tables[f"{RESULTS}/tables/table1.csv"].csv
    )


def test_an_artifacts_page_tells_what_its_record_says(files, contents):
    path = f"{RESULTS}/runs/irdm/generator.safetensors"
    record = contents.graph.records[path]
    text = " ".join(Page(files["artifacts/runs/irdm/generator.safetensors.html"].decode()).text)
    for fact in (
        *(record.artifact.sha256, record.code.fingerprint, "rdm train", record.started),
        *(record.device["host"], f"python {record.versions['python']}", "runs.irdm.seed 4"),
        *("runs.irdm", '{"seed": 4}', "runs/vae/generator.safetensors", "runs/irdm/history.json"),
        *record.code.modules,
    ):
        assert fact in text, fact


def test_a_shard_is_told_on_the_page_of_the_whole(files, contents):
    text = files["artifacts/images/data/train.h5.html"].decode()
    for shard in range(3):
        path = f"{RESULTS}/images/data/train/{shard}.h5"
        assert contents.graph.records[path].artifact.sha256 in text
        assert f"artifacts/images/data/train/{shard}.h5.html" not in files


def test_names_are_shown_and_are_no_markup(site):
    for name, page in pages(site).items():
        assert not {"onerror", "onclick"} & page.attributes, name
        assert set(page.tags) <= ALLOWED, (name, set(page.tags) - ALLOWED)
        assert all(address != "x" for address in page.addresses), name
        assert "\u202e" not in "".join(page.text), name
    shown = "".join(pages(site)["tables/table1.html"].text)
    assert EVIL in shown and EVIL_FILE.replace("\u202e", "\\u202e") in shown


ALLOWED = {
    *("html", "head", "meta", "title", "link", "script", "body", "a", "header", "nav", "main"),
    *("footer", "p", "code", "h1", "h2", "h3", "em", "strong", "abbr", "div", "span", "section"),
    *("table", "thead", "tbody", "tfoot", "tr", "th", "td", "ul", "ol", "li", "dl", "dt", "dd"),
    *("details", "summary", "figure", "figcaption", "img"),
    *("svg", "line", "text", "polyline", "path", "rect"),
}


def test_nothing_is_loaded_from_a_network_or_marked_as_safe():
    for file in TEMPLATES.iterdir():
        text = file.read_text("utf-8")
        assert not re.search(r"https?://|//[a-z]+\.|@import|url\(", text), file.name
        assert "safe" not in re.findall(r"\|\s*(\w+)", text), file.name
        assert "autoescape" not in text, file.name


def test_a_template_that_names_what_is_not_there_fails():
    with pytest.raises(Exception, match="undefined"):
        page_html("x.html", "index")


def test_a_run_tells_steps_that_were_skipped_and_drawn(files):
    text = " ".join(" ".join(Page(files["runs/irdm.html"].decode()).text).split())
    assert "699 steps; 1 point stands for 3 of them; 1 skipped" in text


def test_costs_tell_the_power_that_was_stated(files, contents):
    text = " ".join(Page(files["cost.html"].decode()).text)
    assert "10 W" in text and "500 W" in text and "a test" in text


def test_only_what_the_inputs_depend_on_is_in_the_report(contents):
    graph = upstream(contents.graph, [f"{RESULTS}/cards/sup.json"])
    assert {graph.short(path).split("/")[0] for path in graph.records} == {
        "cards", "encoders", "images", "raw",
    }  # fmt: skip
    with pytest.raises(RdmError, match=r"never/made.json: no record that can be read: none"):
        upstream(contents.graph, [f"{RESULTS}/never/made.json"])


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.25, "0.25 s"), (99, "99 s"), (150, "2.5 min"), (36000, "10 h")]
)
def test_times_are_in_the_unit_that_suits(seconds, text):
    assert duration(seconds) == text
    assert (energy(12.34), energy(12340)) == ("12.3 Wh", "12.3 kWh")
