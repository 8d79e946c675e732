"""No test of this tier reaches the network, and garbage collection takes little of its time."""

import gc
from collections.abc import Iterator

import pytest
from pytest_socket import disable_socket, enable_socket

# imported modules are never freed: scanning them repeatedly took a tenth of this tier's CPU time
gc.set_threshold(50_000, 20, 100)


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()
