"""The system under the pictures and the recording: a separate local AWS, and a browser."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from bench.realtime import free_port
from ecom_pipeline import settings
from ecom_pipeline.local import stack
from ecom_pipeline.settings import Settings

IMAGES = Path(__file__).parent / "images"


@contextmanager
def local_aws() -> Iterator[Settings]:
    """Yield settings of a local AWS on free ports, not yet started; stop it and delete its data."""
    with tempfile.TemporaryDirectory(prefix="documents") as folder:
        configured = replace(
            settings.LOCAL,
            home=Path(folder) / "local",
            endpoint_url=f"http://127.0.0.1:{free_port()}",
            redshift_port=free_port(),
            page_port=free_port(),
        )
        try:
            yield configured
        finally:
            stack.down(configured)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield the system's Chromium; exit with what to install if it is missing."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        sys.exit("make screenshots needs a Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-quic"]
        )
        yield browser
        browser.close()
