"""A headless Chromium in which pages are opened from the disk."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--hide-scrollbars",
)


class Browser:
    """Opens pages and says what went wrong in them."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def open(self, page: Path, width: int = 1200, height: int = 900) -> Chrome:
        """Open a page in a window of so many pixels; what the console said before is dropped."""
        self.driver.get_log("browser")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.get(page.resolve().as_uri())
        return self.driver

    def prefer(self, scheme: str) -> None:
        """Prefer `light` or `dark` from now on."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def scripts(self, allowed: bool) -> None:
        """Allow scripts of pages or not, from now on."""
        command = "Emulation.setScriptExecutionDisabled"
        self.driver.execute_cdp_cmd(command, {"value": not allowed})

    def complaints(self) -> list[str]:
        """Return what the console has said since the page was opened."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """Return the addresses of all that the page has loaded."""
        told = "return performance.getEntriesByType('resource').map((entry) => entry.name)"
        return list(self.driver.execute_script(told))


def chromium(profile: Path) -> Chrome:
    """Start the Chromium of this machine with an empty profile."""
    options = ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    return Chrome(options, Service(shutil.which("chromedriver")))


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The browser, one for all tests."""
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program}: .ci/browser installs it where apt-get can")
    driver = chromium(tmp_path_factory.mktemp("chromium"))
    yield Browser(driver)
    driver.quit()
