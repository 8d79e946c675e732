"""docs/first-hour.md is walked: all of its commands are typed into one shell, and answer so.

Any step may be done again, the page says; so each is, until it shows what the page shows: that is
how a reader waits for a batch window, or for a sensor's next look.
"""

import doctest
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ecom_pipeline import settings
from ecom_pipeline.local import stack
from ecom_pipeline_tests.architecture.documents import FIRST_HOUR, ROOT
from ecom_pipeline_tests.conftest import free_port, local_aws

STEP = re.compile(r"^```sh\n(.*?)^```\n(?:```\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)
SERVES = ("make dev", "ecom page")  # in a terminal of their own, until Ctrl-C
WAITS_SECONDS = 180
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
    terminals: ExitStack

    def type(self, commands: str) -> str:
        """Return what the commands print, their errors too."""
        assert self.shell.stdin
        assert self.shell.stdout
        self.shell.stdin.write(f"{commands}\necho; echo {END}\n")
        self.shell.stdin.flush()
        answer = "".join(iter(self.shell.stdout.readline, f"{END}\n"))
        for usual, port in self.ports.items():
            answer = answer.replace(f"127.0.0.1:{port}", f"127.0.0.1:{usual}")
        return answer

    def sees(self, commands: str, expected: str) -> None:
        """Type the commands until they print what is expected, or it takes too long."""
        if commands.startswith(SERVES):
            shown = self.terminals.enter_context(served(self, commands))
            commands = f"cat '{shown}'"
        deadline, same = time.monotonic() + WAITS_SECONDS, doctest.OutputChecker()
        while not same.check_output(expected, answer := self.type(commands), ALIKE):
            example = doctest.Example(commands, expected)
            assert time.monotonic() < deadline, same.output_difference(example, answer, ALIKE)
            time.sleep(1)


@contextmanager
def served(reader: Reader, command: str) -> Iterator[Path]:
    """Run a command in a terminal of its own; yield where its output is; end it by Ctrl-C."""
    shown = reader.folder / f"{command.strip()}.log"
    with (
        shown.open("w") as log,
        subprocess.Popen(
            command.split(),
            cwd=reader.folder,
            env=reader.environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        ) as process,
    ):
        yield shown
        os.killpg(process.pid, signal.SIGINT)


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
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(
            "/bin/bash",
            cwd=tmp_path,
            env=environment,
            stdin=pipe,
            stdout=pipe,
            stderr=subprocess.STDOUT,
            text=True,
        ) as shell,
        ExitStack() as terminals,
    ):
        ports = {3000: ui, usual.page_port: configured.page_port}
        yield Reader(tmp_path, environment, ports, shell, terminals)
        terminals.close()
        shell.communicate()
    stack.down(configured)


def test_each_step_of_the_first_hour_shows_what_its_page_says(world):
    for commands, expected in STEP.findall(FIRST_HOUR.read_text()):
        world.sees(commands, expected)
