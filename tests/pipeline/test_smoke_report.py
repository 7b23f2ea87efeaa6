"""The report on the whole graph as Snakemake makes it, opened from the disk in a browser."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from rdm_pipeline.lineage.graph import load_graph
from rdm_pipeline.recipes import planned_jobs
from tests.browser import browser  # noqa: F401
from tests.pipeline.conftest import artifacts, edit, run
from tests.reporting.site.links import dead_links

pytestmark = pytest.mark.slow

SMOKE = ("--config", "profile=smoke")
RESULTS = "results/smoke"
REPORT = f"{RESULTS}/report"


@pytest.fixture(scope="module")
def project(smoke) -> Path:
    """The project with its report, which asks for the experiments and for preference too."""
    run(smoke, "snakemake", "-c2", *SMOKE, "--quiet", "rules", "--", "report")
    return smoke


@pytest.fixture(scope="module")
def report(project, tmp_path_factory) -> Path:
    """A copy of the report at another place, without the results beside it."""
    return Path(shutil.copytree(project / REPORT, tmp_path_factory.mktemp("alone") / "report"))


def test_every_link_leads_to_a_place_in_the_report(report):
    assert list(dead_links(report)) == []


def test_every_table_is_there_and_every_number_is_that_of_the_csv(browser, project, report):  # noqa: F811
    names = ["table1", "table7", "table3", "table4", "table6", "beyond", "fig1", "fig5", "fig6"]
    assert sorted(file.stem for file in (report / "tables").glob("*.html")) == sorted(names)
    for name in names:
        with (project / RESULTS / f"tables/{name}.csv").open() as file:
            head, *rows = csv.reader(file)
        driver = browser.open(report / f"tables/{name}.html")
        found = driver.execute_script(
            "return Array.from(document.querySelectorAll('tbody tr'), (row) => Array.from("
            "row.cells, (cell) => [cell.dataset.value ?? cell.innerText, cell.innerText, "
            "cell.querySelector('a')?.title ?? '']))"
        )
        assert [[exact for exact, _, _ in row] for row in found] == rows
        for row in found:
            for exact, shown, title in row[1:]:
                assert title == exact
                assert shown == "—" if not exact else close(shown, exact)
        assert len(driver.find_elements(By.CSS_SELECTOR, "thead th")) == len(head)
        assert browser.complaints() == []


def close(shown: str, exact: str) -> bool:
    try:
        return abs(float(shown) - float(exact)) <= max(0.0051, 0.051 * abs(float(exact)))
    except ValueError:
        return shown == exact


def test_a_number_is_followed_to_the_raw_data_by_its_links(browser, report):  # noqa: F811
    driver = browser.open(report / "index.html")
    driver.find_element(By.LINK_TEXT, "table1").click()
    driver.find_element(By.CSS_SELECTOR, "a[href$='numbers/metrics/irdm.json/sup.html']").click()
    assert driver.title.startswith("Lineage of metrics/irdm.json, sup")
    driver.find_element(By.LINK_TEXT, "runs/irdm/generator.safetensors").click()
    for name in ("runs/vae/generator.safetensors", "images/fashion_mnist/train.h5"):
        driver.find_element(By.LINK_TEXT, name).click()
    driver.find_element(By.CSS_SELECTOR, "details summary").click()
    driver.find_element(By.LINK_TEXT, "raw/fashion_mnist").click()
    assert "this is where the chain begins" in driver.find_element(By.ID, "main").text


def test_pictures_are_drawn_and_pages_fit_a_phone(browser, report):  # noqa: F811
    for page in ("index.html", "figures.html", "runs/irdm.html", "encoders/sup.html", "cost.html"):
        driver = browser.open(report / page, width=390, height=844)
        driver.execute_script("for (const i of document.images) i.loading = 'eager'")
        wait = "return Promise.all(Array.from(document.images, (image) => image.decode()))"
        driver.execute_script(wait)
        assert driver.execute_script("return document.scrollingElement.scrollWidth") <= 390
        assert browser.complaints() == []
    assert len(browser.open(report / "figures.html").find_elements(By.TAG_NAME, "img")) >= 8


def test_runs_of_experiments_have_pages_with_their_curves(browser, report):  # noqa: F811
    driver = browser.open(report / "runs/weighting_growing_s0.html")
    assert len(driver.find_elements(By.CSS_SELECTOR, "polyline.weight")) == 2
    driver = browser.open(report / "encoders/sup.html")
    assert len(driver.find_elements(By.CSS_SELECTOR, "polyline.score")) >= 5
    assert "0." in driver.find_element(By.CSS_SELECTOR, ".facts").text


def test_the_graph_and_the_costs_have_every_step_once(browser, project, report):  # noqa: F811
    driver = browser.open(report / "graph.html")
    steps = [e.text for e in driver.find_elements(By.CSS_SELECTOR, "svg.dag text.step")]
    verbs = {record.verb for record in load_graph(project / RESULTS).records.values()}
    assert {step.partition(",")[0] for step in steps} == verbs - {"gather", "site"}
    driver = browser.open(report / "cost.html")
    rows = driver.find_elements(By.CSS_SELECTOR, "tbody th")
    assert sorted(row.text for row in rows) == sorted(steps)


def test_it_has_a_record_is_made_once_and_again_with_the_same_bytes(project):
    record = json.loads((project / f"{REPORT}.prov.json").read_text())
    assert record["verb"] == "site"
    assert f"{RESULTS}/tables/fig6.csv" in {file["path"] for file in record["inputs"]["tables"]}
    assert planned_jobs(project, *SMOKE, "--", "report") == []
    before = artifacts(project / REPORT)
    run(project, "snakemake", "-c1", *SMOKE, "--quiet", "rules", "--forcerun", "report",
        "--", "report")  # fmt: skip
    assert artifacts(project / REPORT) == before


def test_a_changed_template_makes_the_report_again_and_nothing_else(project):
    template = project / "rdm_pipeline/reporting/templates/cost.html"
    before = template.read_text()
    edit(template, "<h1>Cost</h1>", "<h1>Costs</h1>")
    jobs = planned_jobs(project, *SMOKE, "--", "report")
    template.write_text(before)
    assert [job.rule for job in jobs] == ["report"]


def test_verify_knows_the_report(project):
    told = run(
        project, "python", "-m", "rdm_pipeline.cli", "verify", "report", "--profile", "smoke"
    )
    assert told.endswith("no finding\n")
