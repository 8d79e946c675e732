"""`make screenshots`: take the picture of the customer page in docs/images, over made-up sales."""

import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from threading import Thread

from playwright.sync_api import Page, expect, sync_playwright

from bench.realtime import free_port
from ecom_pipeline import addresses, line, settings
from ecom_pipeline.local import page, stack, tokens
from ecom_pipeline.replay import dataset, sender
from ecom_pipeline.replay.sample import write_sample
from ecom_pipeline.settings import Settings

IMAGE = Path(__file__).parent / "images" / "customer.png"
VIEW = {"width": 1000, "height": 880}


def fill(configured: Settings, folder: Path) -> str:
    """Replay made-up sales; return the busiest customer who cancelled something."""
    csv = write_sample(folder / "sample.csv.gz").path
    events = dataset.events(csv)
    summary = sender.send(events, addresses.producer(configured))
    line.wait_for(configured, summary.last_sequence)
    known = {
        (str(event["CustomerID"]), str(event["InvoiceNo"]))
        for _, event in events
        if event["CustomerID"] is not None
    }
    cancelled = {customer for customer, number in known if number.startswith("C")}
    busy = Counter(customer for customer, _ in known if customer in cancelled)
    return busy.most_common(1)[0][0]


def take(tab: Page, configured: Settings, name: str) -> None:
    """Sign in as a customer, and write the picture once all totals are there."""
    tab.goto(configured.page_origin)
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_label("Username").fill(name)
    tab.get_by_label("Password").fill(tokens.PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_role("table").wait_for()
    expect(tab.get_by_text("…", exact=True)).to_have_count(0, timeout=30_000)
    tab.screenshot(path=IMAGE)


def main() -> int:
    """Fill a local AWS, serve the page over it, take the picture."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("make screenshots needs a Chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory(prefix="screenshots") as folder:
        configured = replace(
            settings.LOCAL,
            home=Path(folder) / "local",
            endpoint_url=f"http://127.0.0.1:{free_port()}",
            redshift_port=free_port(),
            page_port=free_port(),
        )
        try:
            stack.up(configured)
            name = tokens.add_customer(configured, fill(configured, Path(folder)))
            with page.server(configured) as server, sync_playwright() as playwright:
                Thread(target=server.serve_forever, daemon=True).start()
                browser = playwright.chromium.launch(
                    executable_path=chromium, args=["--no-sandbox", "--disable-quic"]
                )
                take(browser.new_page(viewport=VIEW), configured, name)
                server.shutdown()
        finally:
            stack.down(configured)
    return 0


if __name__ == "__main__":
    sys.exit(main())
