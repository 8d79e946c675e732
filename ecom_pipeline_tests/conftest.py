"""Fixtures that several tiers share, and the rule that keeps the tiers honest."""

import itertools
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta

import pytest

from ecom_pipeline import settings
from ecom_pipeline.local import deploy, processes, stack
from ecom_pipeline.settings import Settings

SERVERS = {"aws", "emulator", "redshift", "shop_api", "whole_line", "world"}

_DAYS = itertools.count()
_NUMBERS = itertools.count(800_001)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that needs a server lives in emulated/ or pipeline/, and a test there needs one."""
    lost = [
        item.nodeid
        for item in items
        if bool(SERVERS & set(getattr(item, "fixturenames", ())))
        != any(tier in item.nodeid for tier in ("/emulated/", "/pipeline/"))
    ]
    if lost:
        raise pytest.UsageError("tests in the wrong tier: " + ", ".join(lost))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return settings of a local AWS of its own: free ports, a home that goes with the run."""
    return replace(
        settings.LOCAL,
        home=tmp_path_factory.mktemp("local"),
        endpoint_url=f"http://127.0.0.1:{free_port()}",
        redshift_port=free_port(),
    )


@contextmanager
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Run an emulator with infra/ deployed; nothing polls its stream."""
    configured = local_aws(tmp_path_factory)
    emulator, *_ = stack.services(configured)
    processes.start(emulator, configured.home)
    deploy.deploy(configured)
    yield configured
    stack.down(configured)


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Yield the settings of the emulator that the tests of emulated/ share."""
    with emulated(tmp_path_factory) as configured:
        yield configured


@pytest.fixture(scope="session")
def redshift(aws: Settings) -> Settings:
    """Return the settings of a warehouse beside the emulator; `aws` stops both."""
    _, warehouse, _ = stack.services(aws)
    processes.start(warehouse, aws.home)
    return aws


@pytest.fixture(scope="session")
def whole_line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Yield the settings of a whole line of its own, its stream poller included."""
    configured = local_aws(tmp_path_factory)
    stack.up(configured)
    yield configured
    stack.down(configured)


@pytest.fixture
def day() -> date:
    """Return a day that no other test uses: tests share the stores, not their rows."""
    return date(2012, 1, 2) + timedelta(days=next(_DAYS))


@pytest.fixture
def invoice() -> str:
    """Return an invoice number that no other test uses."""
    return str(next(_NUMBERS))


@pytest.fixture
def functions(aws: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Give the handlers in this process the variables that infra/template.yaml gives them."""
    from ecom_pipeline.realtime.clients import client

    given = settings.aws_environment(aws) | {
        "STREAM_NAME": "event-ingest",
        "TABLE_NAME": aws.table,
        "RAW_BUCKET": aws.raw_bucket,
        "CUSTOMER_INDEX": "customer-invoices",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    client.cache_clear()
    yield aws
    client.cache_clear()
