"""`make screenshots`: take the pictures in docs/images from a real, filled Dagster UI.

It needs a Chromium on the PATH (Debian: apt-get install chromium), and two minutes. The sales are
made up; they are of all days that the shop has, and the last day is yesterday.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import requests
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from playwright.sync_api import Browser, Page, sync_playwright

from bench.history import write_raw
from bench.realtime import free_port
from ecom_pipeline import settings
from ecom_pipeline.batch import connect
from ecom_pipeline.dev import lineage_link
from ecom_pipeline.local import stack
from ecom_pipeline.orchestration import runs
from ecom_pipeline.replay import dataset
from ecom_pipeline.replay.sample import write_sample
from ecom_pipeline.settings import Settings, environment_of

IMAGES = Path(__file__).parent / "images"
DAYS, DAYS_A_LOAD, ROWS_A_DAY = 100, 20, 400
WIDTH = 1600
_FACT = "/assets/warehouse/fact_invoice_lines"
_START_SECONDS = 120
_FIRST_LOOK_SECONDS = 25  # sensors look every ten
_SETTLED_MS = 4_000  # charts and edges are drawn after the answers are there


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A page of the UI: what must be on it, what to press, and from which text down to take it."""

    path: str
    shows: str
    height: int = 1000
    press: str | None = None
    below: str | None = None


def pictures(port: int, yesterday: date) -> dict[str, Picture]:
    """Return each picture by the name of its file."""
    unfolded = lineage_link(port).removeprefix(f"http://127.0.0.1:{port}")
    return {
        "lineage": Picture(path=unfolded, shows="fact_invoice_lines", height=1150),
        "partitions": Picture(
            path=f"{_FACT}?view=partitions&partition={yesterday}", shows="rows_added", height=1300
        ),
        "fact": Picture(path=f"{_FACT}?view=overview", shows="event_id", height=1250),
        "plots": Picture(
            path=f"{_FACT}?view=overview",
            shows="revenue",
            height=3000,
            press="Plots",
            below="dagster/partition_row_count",
        ),
        "checks": Picture(path=f"{_FACT}?view=checks", shows="Latest execution"),
    }


def fill(configured: Settings, folder: Path) -> None:
    """Load made-up sales of all days, some days a run."""
    csv, start = folder / "sample.csv.gz", configured.first_day
    write_sample(csv, days=DAYS, rows_per_day=ROWS_A_DAY, start=start)
    write_raw(connect.lake(configured), dataset.events(csv))
    for first in range(0, DAYS, DAYS_A_LOAD):
        days = (start + timedelta(days=first + n) for n in (0, DAYS_A_LOAD - 1))
        ecom(configured, "load", ":".join(map(str, days))).wait()
    queue = connect.notifications(configured)
    while messages := queue.receive(200):  # all of them are loaded
        queue.delete([message.receipt for message in messages])


def ecom(configured: Settings, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a command against the local AWS of the pictures."""
    with (configured.home / "log" / f"{arguments[0]}.log").open("a") as log:
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "ecom_pipeline.cli", *arguments],
            env=settings.child_environment(environment_of(configured)),
            stdout=log,
            stderr=log,
        )


@contextmanager
def ui(configured: Settings, port: int) -> Iterator[None]:
    """Run `ecom dev` until the caller has seen enough."""
    process = ecom(configured, "dev", "--port", str(port))
    try:
        _wait_for(f"http://127.0.0.1:{port}/server_info")
        _settle(configured)
        yield
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            requests.get(url, timeout=5).raise_for_status()
        except requests.RequestException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return


def _settle(configured: Settings) -> None:
    """Wait until the daemon has had its first look and nothing runs: no picture of a spinner."""
    time.sleep(_FIRST_LOOK_SECONDS)
    home = str(runs.local_instance_home(configured.home))
    with dg.DagsterInstance.from_config(home) as instance:
        while instance.get_runs(dg.RunsFilter(statuses=list(NOT_FINISHED_STATUSES))):
            time.sleep(0.5)


def take(browser: Browser, picture: Picture, port: int, target: Path) -> None:
    """Write a picture of a page, once it shows what it is taken for."""
    page = browser.new_page(viewport={"width": WIDTH, "height": picture.height})
    page.goto(f"http://127.0.0.1:{port}{picture.path}")
    if picture.press:
        page.get_by_text(picture.press, exact=True).click()
    page.get_by_text(picture.shows).first.wait_for()
    page.wait_for_timeout(_SETTLED_MS)
    page.screenshot(path=target, clip=_clip(page, picture))
    page.close()


def _clip(page: Page, picture: Picture) -> dict[str, float]:
    """Return the part of a page to take: all, or a column's worth from a text down."""
    if picture.below is None:
        return {"x": 0, "y": 0, "width": WIDTH, "height": picture.height}
    box = page.get_by_text(picture.below).first.bounding_box()
    if box is None:
        raise LookupError(f"{picture.path} does not show {picture.below}")
    return {"x": box["x"] - 20, "y": box["y"] - 20, "width": 960, "height": 1000}


def main() -> int:
    """Fill a local AWS, open the UI over it, take the pictures."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("make screenshots needs a Chromium: apt-get install chromium")
    IMAGES.mkdir(exist_ok=True)
    port, today = free_port(), datetime.now(UTC).date()
    with tempfile.TemporaryDirectory(prefix="screenshots") as folder:
        configured = replace(
            settings.LOCAL,
            home=Path(folder) / "local",
            endpoint_url=f"http://127.0.0.1:{free_port()}",
            redshift_port=free_port(),
            first_day=today - timedelta(days=DAYS),
        )
        try:
            stack.up(configured)
            fill(configured, Path(folder))
            with ui(configured, port), sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=chromium, args=["--no-sandbox", "--disable-quic"]
                )
                for name, picture in pictures(port, today - timedelta(days=1)).items():
                    take(browser, picture, port, IMAGES / f"{name}.png")
        finally:
            stack.down(configured)
    return 0


if __name__ == "__main__":
    sys.exit(main())
