"""One emulator for this directory; a stream, a function and a home for each test."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecom_pipeline_tests.emulated.poller.world import Emulator, World

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    emulator = Emulator(tmp_path_factory.mktemp("emulator"))
    try:
        emulator.start()
        yield emulator
    finally:
        emulator.stop()


@pytest.fixture
def world(emulator: Emulator, tmp_path: Path) -> Iterator[World]:
    world = World(emulator, tmp_path, name=f"world-{next(_NUMBERS)}")
    yield world
    world.close()
