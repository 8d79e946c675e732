"""Nothing in this tier reaches the network, and little of its time is the garbage collector's."""

import gc
from collections.abc import Iterator

import pytest
from pytest_socket import disable_socket, enable_socket

# what is imported stays: to look through it again and again was a tenth of this tier's CPU time
gc.set_threshold(50_000, 20, 100)


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()
