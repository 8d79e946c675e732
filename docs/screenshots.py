"""`make screenshots`: take the pictures in docs/images from a real, filled Dagster UI.

It needs a Chromium on the PATH (Debian: apt-get install chromium), and two minutes. The sales are
generated for all days from the shop's first to yesterday.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import requests
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from playwright.sync_api import Browser, FloatRect, Page, ViewportSize

from bench.history import write_raw
from bench.realtime import free_port
from docs.own_system import IMAGES, chromium, local_aws
from ecom_pipeline import settings
from ecom_pipeline.local import stack
from ecom_pipeline.local.dev import lineage_link
from ecom_pipeline.local.sample.writer import write_sample
from ecom_pipeline.orchestration import runs
from ecom_pipeline.replay import dataset
from ecom_pipeline.settings import Settings, environment_of
from ecom_pipeline.warehouse import connect

DAYS, DAYS_A_LOAD, ROWS_A_DAY = 100, 20, 400
WIDTH = 1600
_FACT = "/assets/warehouse/fact_invoice_lines"
_START_SECONDS = 120
_FIRST_LOOK_SECONDS = 25  # sensors are evaluated every ten
_SETTLED_MS = 4_000  # charts and edges are drawn after the responses have arrived


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A page of the UI: what it must show, what to press, and which part to take.

    The part is from the text `below` down, or `box` (x, y, width, height), or the whole page.
    """

    path: str
    shows: str
    width: int = WIDTH
    height: int = 1000
    box: tuple[int, int, int, int] | None = None
    press: str | None = None
    below: str | None = None


def pictures(port: int, yesterday: date) -> dict[str, Picture]:
    """Return each picture by its file name."""
    unfolded = lineage_link(port).removeprefix(f"http://127.0.0.1:{port}")
    return {
        "lineage": Picture(  # in a window that fits all of it, without the surroundings
            path=unfolded,
            shows="fact_invoice_lines",
            width=2000,
            height=2240,
            box=(560, 115, 1385, 1895),
        ),
        "partitions": Picture(
            path=f"{_FACT}?view=partitions&partition={yesterday}", shows="rows_added", height=1350
        ),
        "plots": Picture(
            path=f"{_FACT}?view=overview",
            shows="revenue",
            height=3000,
            press="Plots",
            below="dagster/partition_row_count",
        ),
        "checks": Picture(path=f"{_FACT}?view=checks", shows="Latest execution"),
    }


def fill(configured: Settings) -> None:
    """Load sample sales of all days, several days a run."""
    csv, start = configured.home / "sample.csv.gz", configured.first_day
    write_sample(csv, days=DAYS, rows_per_day=ROWS_A_DAY, start=start)
    write_raw(connect.lake(configured), dataset.events(csv))
    for first in range(0, DAYS, DAYS_A_LOAD):
        days = (start + timedelta(days=first + n) for n in (0, DAYS_A_LOAD - 1))
        ecom(configured, "load", ":".join(map(str, days))).wait()
    queue = connect.notifications(configured)
    while messages := queue.receive(200):  # all of them are loaded
        queue.delete([message.receipt for message in messages])


def ecom(configured: Settings, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a command for the local AWS of the pictures."""
    with (configured.home / "log" / f"{arguments[0]}.log").open("a") as log:
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "ecom_pipeline.cli", *arguments],
            env=settings.child_environment(environment_of(configured)),
            stdout=log,
            stderr=log,
        )


@contextmanager
def ui(configured: Settings, port: int) -> Iterator[None]:
    """Run `ecom dev` within this context."""
    process = ecom(configured, "dev", "--port", str(port))
    try:
        _wait_for(f"http://127.0.0.1:{port}/server_info")
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
    """Wait until the daemon has had its first ticks and no run is active, so no spinner shows."""
    time.sleep(_FIRST_LOOK_SECONDS)
    home = str(runs.local_instance_home(configured.home))
    with dg.DagsterInstance.from_config(home) as instance:
        while instance.get_runs(dg.RunsFilter(statuses=list(NOT_FINISHED_STATUSES))):
            time.sleep(0.5)


def take(browser: Browser, picture: Picture, port: int, target: Path) -> None:
    """Write a picture of a page, once it shows its subject."""
    page = browser.new_page(viewport=ViewportSize(width=picture.width, height=picture.height))
    page.goto(f"http://127.0.0.1:{port}{picture.path}")
    if picture.press:
        page.get_by_text(picture.press, exact=True).click()
    page.get_by_text(picture.shows).first.wait_for()
    page.wait_for_timeout(_SETTLED_MS)
    page.screenshot(path=target, clip=_clip(page, picture))
    page.close()


def _clip(page: Page, picture: Picture) -> FloatRect:
    """Return the part of a page to take; from a text down it has a column's width."""
    if picture.below is None:
        x, y, width, height = picture.box or (0, 0, picture.width, picture.height)
        return FloatRect(x=x, y=y, width=width, height=height)
    box = page.get_by_text(picture.below).first.bounding_box()
    if box is None:
        raise LookupError(f"{picture.path} does not show {picture.below}")
    return FloatRect(x=box["x"] - 20, y=box["y"] - 20, width=960, height=1140)


def main() -> None:
    """Fill a local AWS, open its UI, take the pictures."""
    port, today = free_port(), datetime.now(UTC).date()
    with local_aws() as usual, chromium() as browser:
        configured = replace(usual, first_day=today - timedelta(days=DAYS))
        stack.up(configured)
        fill(configured)
        with ui(configured, port):
            taken = pictures(port, today - timedelta(days=1))
            last = taken.pop("lineage")
            _settle(configured)
            for name, picture in taken.items():
                take(browser, picture, port, IMAGES / f"{name}.png")
            first = configured.first_day  # changes nothing, but marts and report are refreshed
            ecom(configured, "load", str(first)).wait()
            _settle(configured)
            take(browser, last, port, IMAGES / "lineage.png")


if __name__ == "__main__":
    main()
