"""docs/first-hour.md step by step: all of its commands are typed into one shell.

The page says that any step can be repeated; so each is, until its output is the page's: in that way
a reader waits for a batching window, or for a sensor's next tick.
"""

import doctest
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from ecom_pipeline import settings
from ecom_pipeline.local import stack
from ecom_pipeline_tests.architecture.documents import FIRST_HOUR, ROOT
from ecom_pipeline_tests.children import END_SECONDS, running
from ecom_pipeline_tests.conftest import free_port, local_aws
from ecom_pipeline_tests.waiting import until

STEP = re.compile(r"^```sh\n(.*?)^```\n(?:```\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)
SERVES = ("make dev", "ecom page")  # in a separate terminal, until they are ended
WAITS_SECONDS, PAUSE_SECONDS = 180, 3
ALIKE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
END = "that was the step"


@dataclass
class Reader:
    """Types into a shell that remembers what it was told, in a checkout of their own.

    `ports` has the port that stands here for each usual one.
    """

    folder: Path
    environment: dict[str, str]
    ports: dict[int, int]
    shell: subprocess.Popen[str]
    screen: Path
    terminals: ExitStack

    def type(self, commands: str) -> str:
        """Return what the commands print, their errors too."""
        assert self.shell.stdin
        seen = len(self.screen.read_text())
        self.shell.stdin.write(f"{commands}\necho; echo {END}\n")
        self.shell.stdin.flush()

        def answer() -> str:
            assert self.shell.poll() is None, f"the shell ended at {commands!r}"
            said = self.screen.read_text()[seen:]
            return said if said.endswith(f"\n{END}\n") else ""

        told = until(answer, f"the end of {commands!r}", WAITS_SECONDS).removesuffix(f"{END}\n")
        for usual, port in self.ports.items():
            told = told.replace(f"127.0.0.1:{port}", f"127.0.0.1:{usual}")
        return told

    def sees(self, commands: str, expected: str) -> None:
        """Type the commands until they print what is expected, or it takes too long."""
        if commands.startswith(SERVES):
            shown = self.terminals.enter_context(served(self, commands))
            commands = f"cat '{shown}'"
        began, same = time.monotonic(), doctest.OutputChecker()
        while not same.check_output(expected, answer := self.type(commands), ALIKE):
            example = doctest.Example(commands, expected)
            typed = time.monotonic()
            assert typed < began + WAITS_SECONDS, same.output_difference(example, answer, ALIKE)
            time.sleep(min(PAUSE_SECONDS, typed - began))  # leave the CPU to the system


@contextmanager
def served(reader: Reader, command: str) -> Iterator[Path]:
    """Run a command in a terminal of its own; yield where its output is; all of it ends then."""
    shown = reader.folder / f"{command.strip()}.log"
    with shown.open("w") as log:
        with running(
            command.split(), cwd=reader.folder, env=reader.environment, stdout=log, stderr=log
        ) as process:
            yield shown
            tree = psutil.Process(process.pid).children(recursive=True)
        _, left = psutil.wait_procs(tree, timeout=END_SECONDS)
    assert left == []


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Iterator[Reader]:
    """Seat a reader before a checkout where nothing was run yet, but for `make setup`."""
    for each in ROOT.iterdir():
        if each.name not in {".local", ".venv"}:
            (tmp_path / each.name).symlink_to(each)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "installed").touch()
    usual, ui = settings.LOCAL, free_port()
    configured = replace(
        local_aws(tmp_path_factory),
        home=tmp_path / ".local",
        in_flight_seconds=usual.in_flight_seconds,
    )
    environment = settings.child_environment(settings.environment_of(configured)) | {
        "MAKEFLAGS": f"--no-print-directory -- RUN= PORT={ui}",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    ports = {3000: ui, usual.page_port: configured.page_port}
    screen = tmp_path / "screen"
    with (
        screen.open("w") as out,
        running(
            ["/bin/bash"],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=out,
            text=True,
        ) as shell,
    ):
        try:
            with ExitStack() as terminals:
                yield Reader(tmp_path, environment, ports, shell, screen, terminals)
        finally:
            stack.down(configured)


def test_each_step_of_the_first_hour_shows_what_its_page_says(world):
    for commands, expected in STEP.findall(FIRST_HOUR.read_text()):
        world.sees(commands, expected)
