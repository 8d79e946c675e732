"""`make screenshots`: take the picture of the sales report in docs/images, with sample sales."""

from pathlib import Path

from playwright.sync_api import Browser, ViewportSize

from bench.history import write_raw
from docs.own_system import IMAGES, chromium, local_aws
from ecom_pipeline import operations
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.local import stack
from ecom_pipeline.local.restore import restore
from ecom_pipeline.local.sample.writer import write_sample
from ecom_pipeline.replay import dataset
from ecom_pipeline.settings import Settings
from ecom_pipeline.warehouse import connect

IMAGE = IMAGES / "report.png"
DAYS, ROWS_A_DAY = 120, 80
VIEW = ViewportSize(width=1280, height=900)


def fill(configured: Settings) -> None:
    """Load sample sales, and reconcile them, so that the report shows that all stores agree."""
    csv = configured.home / "sample.csv.gz"
    write_sample(csv, days=DAYS, rows_per_day=ROWS_A_DAY)
    days = write_raw(connect.lake(configured), dataset.events(csv))
    restore(configured, print)
    operations.load_days(configured, min(days), max(days))
    operations.reconcile_days(configured, DayRange(min(days), max(days)))


def take(browser: Browser, report: Path) -> None:
    """Write the picture of the whole page, once all charts are drawn."""
    page = browser.new_page(viewport=VIEW)
    page.goto(report.as_uri())
    page.locator("html[data-drawn]").wait_for()
    page.screenshot(path=IMAGE, full_page=True)


def main() -> None:
    """Fill a local AWS, write its report, take the picture."""
    with local_aws() as configured, chromium() as browser:
        stack.up(configured)
        fill(configured)
        report = operations.write_report(configured)
        take(browser, report)


if __name__ == "__main__":
    main()
