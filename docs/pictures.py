"""Takes the README's pictures of a report with Debian's chromium and chromium-driver.

snakemake -c2 report && python docs/pictures.py results/demo/report
"""

import argparse
import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from tests.browser import Browser, chromium  # noqa: E402

LIMIT = 200_000  # bytes
# name: page, width and height in pixels, colours, the element at the top
PICTURES = {
    "report-table": ("index.html", 1100, 760, "light", "main"),
    "report-lineage": ("numbers/metrics/irdm.json/sup.html", 1100, 760, "dark", "#chain"),
    "report-run": ("runs/irdm.html", 1100, 760, "dark", ".charts"),
    "report-graph": ("graph.html", 1100, 1180, "light", "main"),
    "report-phone": ("encoders/sup.html", 390, 760, "dark", ".facts"),
}


def main() -> None:
    """Write one PNG per picture beside this script."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("report", type=Path, help="the folder that snakemake report made")
    report = parser.parse_args().report
    with tempfile.TemporaryDirectory() as profile:
        driver = chromium(Path(profile))
        try:
            for name, picture in PICTURES.items():
                take(Browser(driver), report, DOCS / f"{name}.png", *picture)
        finally:
            driver.quit()


def take(
    browser: Browser,
    report: Path,
    file: Path,
    page: str,
    width: int,
    height: int,
    scheme: str,
    top: str,
) -> None:
    """Take one picture of a page, in 256 colours."""
    browser.prefer(scheme)
    driver = browser.open(report / page, width, height)
    driver.execute_script("document.querySelector(arguments[0]).scrollIntoView()", top)
    shot = Image.open(io.BytesIO(driver.get_screenshot_as_png())).convert("RGB")
    shot.quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)
    size = file.stat().st_size
    print(f"{file.name}: {size} bytes")
    if size > LIMIT:
        sys.exit(f"{file}: found {size} bytes, allowed: {LIMIT}")


if __name__ == "__main__":
    main()
