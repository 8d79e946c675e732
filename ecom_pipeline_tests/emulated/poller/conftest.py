"""One emulator for this folder; a stream, a function and a home for each test."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecom_pipeline_tests.emulated.poller.world import Emulator, World

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    emulator = Emulator(tmp_path_factory.mktemp("emulator"))
    emulator.start()
    yield emulator
    emulator.stop()


@pytest.fixture
def world(emulator: Emulator, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    world = World(emulator, tmp_path, name=f"w{abs(hash(request.node.name)) % 10**9}")
    yield world
    world.close()
