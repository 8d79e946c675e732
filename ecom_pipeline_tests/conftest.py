"""Fixtures that several tiers share, and the rule that keeps the tiers honest."""

import itertools
import random
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta

import hypothesis
import pytest

from ecom_pipeline import settings
from ecom_pipeline.local import deploy, processes, stack
from ecom_pipeline.settings import Settings

SERVERS = {"aws", "browser", "emulator", "redshift", "shop_api", "whole_line", "world"}
TIERS = ("/browser/", "/emulated/", "/pipeline/")
# Files go to the workers in this order, then in the usual one: what takes minutes must begin
# first, or one worker ends long after the other.
LONGEST = (
    "pipeline/test_first_hour.py",
    "pipeline/test_documented_commands.py",
    "pipeline/test_history.py",
    "pipeline/test_daemon.py",
    "pipeline/test_drill.py",
    "pipeline/test_line.py",
    "emulated/test_load_protocol.py",
)

hypothesis.settings.register_profile("thorough", max_examples=1_000, deadline=None)

_DAYS = (date(2012, 1, 2) + timedelta(days=n) for n in itertools.count())
_NUMBERS = itertools.count(800_001)
_PORTS = random.SystemRandom()  # a test may seed the other one


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that needs a server lives in one of its tiers, and a test there needs one."""
    lost = [
        item.nodeid
        for item in items
        if bool(SERVERS & set(getattr(item, "fixturenames", ())))
        != any(tier in item.nodeid for tier in TIERS)
    ]
    if lost:
        raise pytest.UsageError("tests in the wrong tier: " + ", ".join(lost))
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    path = item.nodeid.partition("::")[0]
    turns = (n for n, name in enumerate(LONGEST) if path.endswith(name))
    return next(turns, len(LONGEST))


def free_port() -> int:
    """Return a port for a server, below those that the system gives to clients' connections.

    A client of the other worker's would else take it before the server does.
    """
    while True:
        port = _PORTS.randrange(10_000, 32_768)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port


def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return settings of a local AWS of its own: free ports, a home that goes with the run."""
    return replace(
        settings.LOCAL,
        home=tmp_path_factory.mktemp("local"),
        endpoint_url=f"http://127.0.0.1:{free_port()}",
        in_flight_seconds=0,  # tests wait for what they send: what is missing then is missing
        redshift_port=free_port(),
        page_port=free_port(),
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


@pytest.fixture(scope="session")
def days() -> Callable[[int], list[date]]:
    """Return what gives days in a row that no other test uses: tests share stores, not rows."""
    return lambda count: list(itertools.islice(_DAYS, count))


@pytest.fixture
def day(days: Callable[[int], list[date]]) -> date:
    """Return such a day."""
    return days(1)[0]


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
        "PAGE_ORIGIN": aws.page_origin,
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    client.cache_clear()
    yield aws
    client.cache_clear()
