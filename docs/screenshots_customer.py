"""`make screenshots`: take the picture of the customer page in docs/images, with sample sales."""

from collections import Counter
from threading import Thread

from playwright.sync_api import Page, ViewportSize, expect

from docs.own_system import IMAGES, chromium, local_aws
from ecom_pipeline.client import endpoints
from ecom_pipeline.local import page, stack, tokens, waiting
from ecom_pipeline.local.sample.writer import write_sample
from ecom_pipeline.replay import dataset, sender
from ecom_pipeline.settings import Settings

IMAGE = IMAGES / "customer.png"
VIEW = ViewportSize(width=1000, height=880)


def fill(configured: Settings) -> str:
    """Replay sample sales; return the busiest customer with a cancellation."""
    csv = write_sample(configured.home / "sample.csv.gz").path
    events = dataset.events(csv)
    summary = sender.send(events, endpoints.producer(configured))
    waiting.wait_for(configured, summary.last_sequence)
    known = {
        (str(event["CustomerID"]), str(event["InvoiceNo"]))
        for _, event in events
        if event["CustomerID"] is not None
    }
    cancelled = {customer for customer, number in known if number.startswith("C")}
    busy = Counter(customer for customer, _ in known if customer in cancelled)
    return busy.most_common(1)[0][0]


def take(tab: Page, configured: Settings, name: str) -> None:
    """Sign in as a customer, and write the picture once all totals are shown."""
    tab.goto(configured.page_origin)
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_label("Username").fill(name)
    tab.get_by_label("Password").fill(tokens.PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_role("table").wait_for()
    expect(tab.get_by_text("…", exact=True)).to_have_count(0, timeout=30_000)
    tab.screenshot(path=IMAGE)


def main() -> None:
    """Fill a local AWS, serve the page, take the picture."""
    with local_aws() as configured, chromium() as browser:
        stack.up(configured)
        name = tokens.add_customer(configured, fill(configured))
        with page.server(configured) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            take(browser.new_page(viewport=VIEW), configured, name)
            server.shutdown()


if __name__ == "__main__":
    main()
