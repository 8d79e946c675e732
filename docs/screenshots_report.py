"""`make screenshots`: take the pictures of the sales report in docs/images, over made-up sales."""

import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

from bench.history import write_raw
from bench.realtime import free_port
from ecom_pipeline import line, settings
from ecom_pipeline.batch import connect
from ecom_pipeline.local import stack
from ecom_pipeline.local.restore import restore
from ecom_pipeline.replay import dataset
from ecom_pipeline.replay.sample import write_sample
from ecom_pipeline.settings import Settings

IMAGES = Path(__file__).parent / "images"
DAYS, ROWS_A_DAY = 120, 80
VIEW = {"width": 1280, "height": 900}


def fill(configured: Settings, folder: Path) -> None:
    """Load made-up sales, and reconcile them, so that the report can say that all stores agree."""
    csv = write_sample(folder / "sample.csv.gz", days=DAYS, rows_per_day=ROWS_A_DAY).path
    days = write_raw(connect.lake(configured), dataset.events(csv))
    restore(configured, print)
    line.load_days(configured, min(days), max(days))
    line.reconcile_days(configured, min(days), max(days))


def take(browser: Browser, report: Path, scheme: Literal["light", "dark"], target: Path) -> None:
    """Write a picture of the whole page, once all of its charts are drawn."""
    page = browser.new_page(viewport=VIEW, color_scheme=scheme)
    page.goto(report.as_uri())
    page.locator("html[data-drawn]").wait_for()
    page.screenshot(path=target, full_page=True)
    page.close()


def main() -> int:
    """Fill a local AWS, write the report of it, take its pictures."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("make screenshots needs a Chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory(prefix="screenshots") as folder:
        configured = replace(
            settings.LOCAL,
            home=Path(folder) / "local",
            endpoint_url=f"http://127.0.0.1:{free_port()}",
            redshift_port=free_port(),
        )
        try:
            stack.up(configured)
            fill(configured, Path(folder))
            report = line.write_report(configured)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=chromium, args=["--no-sandbox", "--disable-quic"]
                )
                take(browser, report, "light", IMAGES / "report.png")
                take(browser, report, "dark", IMAGES / "report-dark.png")
        finally:
            stack.down(configured)
    return 0


if __name__ == "__main__":
    sys.exit(main())
