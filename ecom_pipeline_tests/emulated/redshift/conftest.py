"""A local Redshift and an S3 for the tests of this directory.

What a test commits is in a separate database (`connect`); a `cursor` is rolled back. The value and
transaction tests need only these, so they can also run against a real workgroup.
"""

import itertools
import os
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from ecom_pipeline_tests.children import running
from ecom_pipeline_tests.conftest import free_port
from ecom_pipeline_tests.emulated.redshift.lake import Lake
from ecom_pipeline_tests.emulated.redshift.server import LocalRedshift
from ecom_pipeline_tests.waiting import until

Connect = Callable[[], Any]

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """S3 in a process of its own."""
    port, path = free_port(), tmp_path_factory.mktemp("s3") / "log"
    own = {"BIND_HOST": "127.0.0.1", "IOT_MTLS_ENABLED": "0", "GATEWAY_PORT": str(port)}
    command = [sys.executable, "-m", "ecom_pipeline.local.emulator"]
    with (
        path.open("wb") as log,
        running(command, env=os.environ | own, stdout=log, stderr=log),
    ):
        until(lambda: _answers(port), f"a response of the S3 with the log {path}")
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def lake(s3_endpoint: str) -> Lake:
    """A bucket to copy from."""
    s3 = boto3.client(
        "s3",
        endpoint_url=s3_endpoint,
        region_name="eu-west-2",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    return Lake(s3, "lake")


@pytest.fixture(scope="session")
def redshift(tmp_path_factory: pytest.TempPathFactory, s3_endpoint: str) -> Iterator[LocalRedshift]:
    """The local Redshift all tests share."""
    server = LocalRedshift(tmp_path_factory.mktemp("redshift"), free_port(), s3_endpoint)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def new_warehouse(
    tmp_path_factory: pytest.TempPathFactory, redshift: LocalRedshift, s3_endpoint: str
) -> Iterator[Callable[[], LocalRedshift]]:
    """Make a local Redshift that a test may kill, beside the shared one."""
    made: list[LocalRedshift] = []

    def make() -> LocalRedshift:
        made.append(LocalRedshift(tmp_path_factory.mktemp("killed"), free_port(), s3_endpoint))
        made[-1].start()
        return made[-1]

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def database(redshift: LocalRedshift) -> Iterator[str]:
    """Make a database, and drop it after the test."""
    name = f"t{next(_NUMBERS)}"
    server = redshift.connect()
    server.autocommit = True
    server.cursor().execute(f"create database {name}")
    yield name
    server.cursor().execute(f"drop database {name}")
    server.close()


@pytest.fixture
def connect(redshift: LocalRedshift, database: str) -> Iterator[Connect]:
    """Open connections of the real driver to the test's database; they are closed after it."""
    opened: list[Any] = []

    def open_one() -> Any:
        opened.append(redshift.connect(database))
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture
def cursor(redshift: LocalRedshift) -> Iterator[Any]:
    """A cursor in a transaction that is rolled back: such a test commits nothing of its own."""
    connection = redshift.connect()
    yield connection.cursor()
    connection.close()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
