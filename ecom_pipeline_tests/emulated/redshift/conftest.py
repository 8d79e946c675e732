"""A local Redshift and an S3 for the tests of this folder.

The value and transaction tests need only `connect`, so that they can run against a real workgroup.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from ecom_pipeline.local.redshift.server import LocalRedshift
from ecom_pipeline_tests.emulated.redshift.lake import Lake

Connect = Callable[[], Any]


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """S3 in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {"BIND_HOST": "127.0.0.1", "IOT_MTLS_ENABLED": "0", "GATEWAY_PORT": str(port)}
    log = (tmp_path_factory.mktemp("s3") / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "ministack"],
        env=os.environ | own,
        stdout=log,
        stderr=log,
        process_group=0,
    )
    limit = time.monotonic() + 60
    while time.monotonic() < limit and not _answers(port):
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    log.close()


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
    server = LocalRedshift(tmp_path_factory.mktemp("redshift"), 0, s3_endpoint)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def new_warehouse(
    tmp_path_factory: pytest.TempPathFactory, redshift: LocalRedshift, s3_endpoint: str
) -> Iterator[Callable[[], LocalRedshift]]:
    """Make a local Redshift that a test may kill, beside the shared one."""
    made: list[LocalRedshift] = []

    def make() -> LocalRedshift:
        made.append(LocalRedshift(tmp_path_factory.mktemp("killed"), 0, s3_endpoint))
        made[-1].start()
        return made[-1]

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def connect(redshift: LocalRedshift) -> Iterator[Connect]:
    """Open connections of the real driver; they are closed after the test."""
    opened: list[Any] = []

    def open_one() -> Any:
        opened.append(redshift.connect())
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture
def cursor(connect: Connect) -> Any:
    """A cursor whose statements are rolled back unless the test commits."""
    return connect().cursor()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
