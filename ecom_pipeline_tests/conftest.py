"""Fixtures that several tiers share, the order of the run, and the check of the tiers.

The tests of a worker share servers, but not their content: each test has separate stores. Clients
and servers are imported where they are needed, so that a unit test does not import them.
"""

import itertools
import os
import random
import shutil
import socket
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import psutil
import pytest

from ecom_pipeline import settings
from ecom_pipeline.settings import Settings
from ecom_pipeline_tests import reaper
from ecom_pipeline_tests.waiting import until

if TYPE_CHECKING:
    import dagster as dg

    from ecom_pipeline_tests.stores import Servers

SERVERS = {"browser", "emulator", "postgres", "redshift", "shop_api", "whole_line", "world"}
TIERS = ("/browser/", "/emulated/", "/pipeline/")
# The quick tiers come first, so that a broken rule shows within seconds. Then the files that take
# longest, so that no worker ends long after the other; then all others, in random order.
QUICK = ("unit/", "architecture/")
LONGEST = (
    "pipeline/test_first_hour.py",
    "pipeline/test_documented_commands.py",
    "pipeline/test_history.py",
    "pipeline/test_daemon.py",
    "pipeline/test_drill.py",
    "pipeline/test_line.py",
    "emulated/test_load_protocol.py",
)
FIRST_DAY = date(2012, 1, 2)
MEMORY = Path("/dev/shm")
ROOM = 6_000_000_000

OURS = {"ECOM_FAULT_EVENTS", "ECOM_PG_BIN"}  # settings of a test run

# Tests ignore the developer's shell settings of AWS, of Dagster and of this project; the
# definitions read them when they are imported.
for _name in list(os.environ):
    if _name.startswith(("AWS_", "DAGSTER_", "ECOM_")) and _name not in OURS:
        del os.environ[_name]

# no deadline: a busy machine is no fault of the code
hypothesis.settings.register_profile("default", hypothesis.settings(), deadline=None)
hypothesis.settings.register_profile("thorough", max_examples=1_000, deadline=None)
hypothesis.settings.load_profile("default")

_NUMBERS = itertools.count(800_001)
_PORTS = random.SystemRandom()  # pytest-randomly seeds the default one


def pytest_configure(config: pytest.Config) -> None:
    """Mark all processes of this run, so that they end with it and a worker's leaks are seen."""
    worker = getattr(config, "workerinput", None)
    if worker:
        os.environ[reaper.MARK] += f"-{worker['workerid']}"
        return
    _write_in_memory()
    os.environ.pop(reaper.MARK, None)
    mark = uuid.uuid4().hex
    reaper.start(mark)
    os.environ[reaper.MARK] = mark


def _write_in_memory() -> None:
    """Put temporary files into memory where there is room, unless TMPDIR says where.

    SQLite, where Dagster keeps each event, waits for the disk at each commit: that was more than
    half of the batch path's tests (2026-11-30). What a failed run left stays until the next one.
    """
    if not MEMORY.is_dir() or os.environ.get("TMPDIR"):
        return
    for old in MEMORY.glob("ecom-*"):
        if not psutil.pid_exists(int(old.name.rpartition("-")[2])):
            shutil.rmtree(old, ignore_errors=True)
    if min(shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available) > ROOM:
        folder = MEMORY / f"ecom-{os.getpid()}"
        folder.mkdir(mode=0o700)
        os.environ["TMPDIR"] = str(folder)
        tempfile.tempdir = None  # clears the cached value


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Give the memory of a run that passed back."""
    folder = MEMORY / f"ecom-{os.getpid()}"
    if exitstatus == pytest.ExitCode.OK and folder.is_dir():
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left_running() -> Iterator[None]:
    """Turn the run red when a process that a test started outlives this worker's tests."""
    yield
    mark = os.environ[reaper.MARK]
    try:
        until(lambda: not any(reaper.marked(mark)), "the tests' processes to exit", seconds=30)
    except AssertionError as error:
        left = [" ".join(each.cmdline()) for each in reaper.marked(mark)]
        reaper.end(mark)
        raise AssertionError(f"still running: {left}") from error


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that needs a server lives in one of its tiers, and a test there needs one."""
    lost = [
        item.nodeid
        for item in items
        if bool(SERVERS & set(getattr(item, "fixturenames", ())))
        != any(tier in item.nodeid for tier in TIERS)
    ]
    if lost:
        raise pytest.UsageError(f"{len(lost)} tests in the wrong tier: {', '.join(lost[:5])}")
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    path = item.nodeid.partition("::")[0].partition("ecom_pipeline_tests/")[2]
    if path.startswith(QUICK):
        return -1
    return LONGEST.index(path) if path in LONGEST else len(LONGEST)


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
        in_flight_seconds=0,  # tests wait for what they send: what is missing is lost
        redshift_port=free_port(),
        page_port=free_port(),
    )


@contextmanager
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Run an emulator with infra/ deployed; nothing polls its stream."""
    from ecom_pipeline.local import deploy, processes, stack

    configured = local_aws(tmp_path_factory)
    try:
        emulator, *_ = stack.services(configured)
        processes.start(emulator, configured.home)
        deploy.deploy(configured)
        yield configured
    finally:
        stack.down(configured)


@contextmanager
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Run a whole line of its own, its stream poller included."""
    from ecom_pipeline.local import stack

    configured = local_aws(tmp_path_factory)
    try:
        stack.up(configured)
        yield configured
    finally:
        stack.down(configured)


@pytest.fixture(scope="module")
def whole_line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Yield the settings of a whole line that only this file's tests use."""
    with line(tmp_path_factory) as configured:
        yield configured


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Yield the settings of the emulator that tests share, with infra/ deployed.

    For tests of what is deployed; what a test stores goes into stores of its own (`aws`).
    """
    with emulated(tmp_path_factory) as configured:
        yield configured


@pytest.fixture(scope="session")
def servers(emulator: Settings) -> "Servers":
    """Return what makes stores on the shared servers, for fixtures that make them otherwise."""
    from ecom_pipeline_tests.stores import Servers

    return Servers(emulator)


@pytest.fixture(scope="session")
def redshift_server(emulator: Settings) -> None:
    """Start a local Redshift beside the emulator, which stops both."""
    from ecom_pipeline.local import processes, stack

    _, warehouse, _ = stack.services(emulator)
    processes.start(warehouse, emulator.home)


@pytest.fixture(scope="session")
def own_warehouse(servers: "Servers", redshift_server: None) -> Callable[[Settings], Settings]:
    """Return what makes the warehouse that settings name, with its tables and no rows."""

    def make(configured: Settings) -> Settings:
        servers.warehouse(configured.redshift_database)
        return configured

    return make


@pytest.fixture
def aws(servers: "Servers") -> Settings:
    """Return the settings of stores that only this test uses: buckets, queue, table, catalog.

    A file whose tests share a history has an `aws` of its own, with the scope `module`.
    """
    return servers.stores()


@pytest.fixture
def redshift(
    aws: Settings, servers: "Servers", own_warehouse: Callable[[Settings], Settings]
) -> Iterator[Settings]:
    """Yield `aws` with its warehouse: all tables, no rows."""
    yield own_warehouse(aws)
    servers.drop_warehouse(aws.redshift_database)


def new_days() -> Callable[[int], list[date]]:
    """Return what gives days in a row that it did not give before; the first is a Monday."""
    left = (FIRST_DAY + timedelta(days=n) for n in itertools.count())
    return lambda count: list(itertools.islice(left, count))


@pytest.fixture
def days() -> Callable[[int], list[date]]:
    """Return what gives this test days: the same in each run, whatever ran before."""
    return new_days()


@pytest.fixture
def day(days: Callable[[int], list[date]]) -> date:
    """Return such a day."""
    return days(1)[0]


@pytest.fixture
def invoice() -> str:
    """Return an invoice number that no other test uses."""
    return str(next(_NUMBERS))


@pytest.fixture
def functions(
    aws: Settings, servers: "Servers", monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """Give the handlers in this process the variables that infra/template.yaml gives them."""
    from ecom_pipeline.realtime import table
    from ecom_pipeline.realtime.clients import client
    from ecom_pipeline.realtime.item_shape import INDEX

    given = settings.aws_environment(aws) | {
        "STREAM_NAME": servers.stream(),
        "TABLE_NAME": aws.table,
        "RAW_BUCKET": aws.raw_bucket,
        "CUSTOMER_INDEX": INDEX,
        "PAGE_ORIGIN": aws.page_origin,
        "TIME_ZONE": str(aws.time_zone),
        "CURRENCY": str(aws.currency),
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    client.cache_clear()
    table._headers_seen.clear()
    yield aws
    client.cache_clear()


@pytest.fixture(scope="module")
def spark() -> Iterator[None]:
    """Let Spark's workers be this Python, not the first on the PATH; end it after the file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        yield
    _end_spark()


def _end_spark() -> None:
    """Stop Spark's Java, which would else live as long as this process."""
    from pyspark import SparkContext

    gateway: Any = SparkContext._gateway
    if gateway is not None:
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait(30)
        SparkContext._gateway = SparkContext._jvm = None


@pytest.fixture(scope="session")
def dagster_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the home of an instance in which nothing ran: a new one takes Dagster a second."""
    import dagster as dg

    from ecom_pipeline.orchestration import runs

    home = runs.local_instance_home(tmp_path_factory.mktemp("instance"))
    with dg.DagsterInstance.from_config(str(home)) as made:
        made.all_instigator_state()
    return home.parent


@pytest.fixture
def instance(dagster_home: Path, tmp_path: Path) -> "Iterator[dg.DagsterInstance]":
    """Yield a Dagster instance of this test's own, as `ecom load` opens it."""
    with instance_in(dagster_home, tmp_path / "instance") as made:
        yield made


@contextmanager
def instance_in(made_before: Path, folder: Path) -> "Iterator[dg.DagsterInstance]":
    """Open an instance in a folder, on a copy of a home in which nothing ran."""
    import dagster as dg

    from ecom_pipeline.orchestration import runs

    shutil.copytree(made_before, folder)
    with dg.DagsterInstance.from_config(str(runs.local_instance_home(folder))) as made:
        yield made
