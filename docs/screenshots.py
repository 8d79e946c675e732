"""`make screenshots`: take the pictures in docs/images from a real, filled Dagster UI.

It needs a Chromium on the PATH (Debian: apt-get install chromium), and a minute or two. The sales
are made up; they end yesterday, so that the newest partitions have something to plot.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import requests
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from playwright.sync_api import Browser, sync_playwright

from bench.history import write_raw
from bench.realtime import free_port
from ecom_pipeline import line, settings
from ecom_pipeline.batch import connect
from ecom_pipeline.dev import lineage_link
from ecom_pipeline.local import stack
from ecom_pipeline.orchestration import runs
from ecom_pipeline.replay import dataset
from ecom_pipeline.replay.sample import write_sample
from ecom_pipeline.settings import Settings, environment_of

IMAGES = Path(__file__).parent / "images"
DAYS, ROWS_A_DAY = 100, 400
WIDTH = 1600
_FACT = "/assets/warehouse/fact_invoice_lines"
_START_SECONDS = 120
_FIRST_LOOK_SECONDS = 25  # sensors look every ten
_SETTLED_MS = 3_000  # charts and edges are drawn after the answers are there


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A page of the UI: what to press there, and what must be on it."""

    path: str
    shows: str
    height: int = 1000
    click: str | None = None


def pictures(port: int) -> dict[str, Picture]:
    """Return each picture by the name of its file."""
    unfolded = lineage_link(port).removeprefix(f"http://127.0.0.1:{port}")
    return {
        "lineage": Picture(path=unfolded, shows="fact_invoice_lines"),
        "partitions": Picture(path=f"{_FACT}?view=partitions", shows="Partitions Selected"),
        "fact": Picture(path=f"{_FACT}?view=overview", shows="event_id", height=1500),
        "plots": Picture(
            path=f"{_FACT}?view=overview", shows="revenue", click="Plots", height=1400
        ),
        "checks": Picture(path=f"{_FACT}?view=checks", shows="Latest execution"),
    }


def fill(configured: Settings, folder: Path) -> None:
    """Load made-up sales that end yesterday."""
    start = datetime.now(UTC).date() - timedelta(days=DAYS)
    csv = folder / "sample.csv.gz"
    write_sample(csv, days=DAYS, rows_per_day=ROWS_A_DAY, start=start)
    write_raw(connect.lake(configured), dataset.events(csv))
    line.load_days(configured, start, start + timedelta(days=DAYS - 1))
    queue = connect.notifications(configured)
    while messages := queue.receive(200):  # all of them are loaded
        queue.delete([message.receipt for message in messages])


def settle(configured: Settings) -> None:
    """Wait until the daemon has had its first look and nothing runs: no picture of a spinner."""
    time.sleep(_FIRST_LOOK_SECONDS)
    home = str(runs.local_instance_home(configured.home))
    with dg.DagsterInstance.from_config(home) as instance:
        while instance.get_runs(dg.RunsFilter(statuses=list(NOT_FINISHED_STATUSES))):
            time.sleep(0.5)


@contextmanager
def ui(configured: Settings, port: int) -> Iterator[None]:
    """Run `ecom dev` until the caller has seen enough."""
    command = [sys.executable, "-m", "ecom_pipeline.cli", "dev", "--port", str(port)]
    with (configured.home / "log" / "dev.log").open("w") as log:
        process = subprocess.Popen(  # noqa: S603
            command,
            env=settings.child_environment(environment_of(configured)),
            stdout=log,
            stderr=log,
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/server_info")
            settle(configured)
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


def take(browser: Browser, picture: Picture, port: int, target: Path) -> None:
    """Write a picture of a page, once it shows what it is taken for."""
    page = browser.new_page(viewport={"width": WIDTH, "height": picture.height})
    page.goto(f"http://127.0.0.1:{port}{picture.path}")
    if picture.click:
        page.get_by_text(picture.click, exact=True).click()
    page.get_by_text(picture.shows).first.wait_for()
    page.wait_for_timeout(_SETTLED_MS)
    page.screenshot(path=target)
    page.close()


def main() -> int:
    """Fill a local AWS, open the UI over it, take the pictures."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("docs.screenshots needs a Chromium: apt-get install chromium")
    IMAGES.mkdir(exist_ok=True)
    port = free_port()
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
            with ui(configured, port), sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=chromium, args=["--no-sandbox", "--disable-quic"]
                )
                for name, picture in pictures(port).items():
                    take(browser, picture, port, IMAGES / f"{name}.png")
        finally:
            stack.down(configured)
    return 0


if __name__ == "__main__":
    sys.exit(main())
