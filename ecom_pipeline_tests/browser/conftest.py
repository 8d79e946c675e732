"""A real browser, for the customer page and the report."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield a headless Chromium: that of the PATH, since Playwright's own is a download.

    Not for the whole session: while it lives, asyncio.run() is refused, and Dagster calls it.
    """
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        raise LookupError(f"these tests need one of {', '.join(CHROMIUM)}: `make test-tools`")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-quic"]
        )
        yield made
        made.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Yield a profile of its own for a test."""
    made = browser.new_context()
    yield made
    made.close()
