"""The report with hostile names, opened from the disk in a browser."""

import pytest
from selenium.webdriver.common.by import By

PAGES = (
    *("index.html", "figures.html", "cost.html", "graph.html", "tables/table1.html"),
    *("numbers/metrics/vae.json/sup.html", "numbers/metrics/irdm.json/sup.html"),
    *("runs/irdm.html", "encoders/sup.html", "artifacts/images/data/train.h5.html"),
)


@pytest.mark.parametrize("page", PAGES)
def test_names_run_nothing_and_the_console_is_silent(browser, site, page):
    driver = browser.open(site / page)
    assert driver.title.endswith("· tiny")
    assert driver.find_elements(By.CSS_SELECTOR, "img[src=x], [onclick], [onerror]") == []
    assert browser.complaints() == []
    assert all(address.startswith("file://") for address in browser.requests())


@pytest.mark.parametrize("page", PAGES)
def test_no_page_is_wider_than_a_phone(browser, site, page):
    driver = browser.open(site / page, width=390, height=844)
    assert driver.execute_script("return document.scrollingElement.scrollWidth") <= 390


def first_column(driver) -> list[str]:
    rows = driver.find_elements(By.CSS_SELECTOR, "table.sortable tbody tr")
    return [row.find_elements(By.TAG_NAME, "td")[1].get_attribute("data-value") for row in rows]


def test_a_table_sorts_from_the_keyboard_by_all_digits(browser, site):
    driver = browser.open(site / "tables/table1.html")
    assert first_column(driver) == ["1.0", "0.05", "3.5"]
    button = driver.find_elements(By.CSS_SELECTOR, "thead button")[2]
    button.send_keys("\n")
    assert first_column(driver) == ["0.05", "1.0", "3.5"]
    button.send_keys(" ")
    assert first_column(driver) == ["3.5", "1.0", "0.05"]
    sorted_by = driver.find_elements(By.CSS_SELECTOR, "th[aria-sort]")
    assert [head.get_attribute("aria-sort") for head in sorted_by] == ["descending"]


def test_the_first_stop_of_the_keyboard_skips_to_the_content(browser, site):
    driver = browser.open(site / "index.html")
    driver.find_element(By.TAG_NAME, "body").send_keys("\t")
    assert driver.switch_to.active_element.text == "Skip to the content"
    driver.switch_to.active_element.send_keys("\n")
    assert driver.switch_to.active_element.get_attribute("id") == "main"


def test_colours_follow_what_the_reader_prefers(browser, site):
    seen = {}
    for scheme in ("light", "dark"):
        browser.prefer(scheme)
        driver = browser.open(site / "index.html")
        colour = "return getComputedStyle(document.body).{}"
        seen[scheme] = [
            driver.execute_script(colour.format(what)) for what in ("color", "backgroundColor")
        ]
    browser.prefer("light")
    assert seen["light"] == ["rgb(28, 35, 48)", "rgb(255, 255, 255)"]
    assert seen["dark"] == ["rgb(228, 232, 239)", "rgb(18, 22, 29)"]


def test_everything_but_sorting_is_there_without_scripts(browser, site):
    browser.scripts(allowed=False)
    driver = browser.open(site / "tables/table1.html")
    numbers = [cell.text for cell in driver.find_elements(By.CSS_SELECTOR, "tbody td")]
    buttons = driver.find_elements(By.TAG_NAME, "button")
    browser.scripts(allowed=True)
    assert numbers[:5] == ["1.00", "1.00", "2.00", "7.50", "9.12"]
    assert buttons == []


def test_a_phone_shows_the_first_step_of_the_graph(browser, site):
    driver = browser.open(site / "graph.html", width=390, height=844)
    box = driver.find_element(By.CSS_SELECTOR, ".dag a")
    assert box.get_attribute("aria-label").startswith("fetch, 1")
    place = driver.execute_script("return arguments[0].getBoundingClientRect().toJSON()", box)
    assert place["left"] >= 0 and place["right"] <= 390
