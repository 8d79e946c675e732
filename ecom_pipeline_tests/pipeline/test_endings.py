"""Long-running commands are ended by SIGINT and by SIGTERM, however they were started.

Each command is started as a shell starts `command &`: SIGINT is ignored, which Python keeps.
"""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import requests

from ecom_pipeline.local import stack
from ecom_pipeline.settings import Settings, child_environment, environment_of
from ecom_pipeline_tests.architecture.documents import ROOT
from ecom_pipeline_tests.children import running
from ecom_pipeline_tests.conftest import free_port, local_aws
from ecom_pipeline_tests.waiting import until

pytestmark = pytest.mark.usefixtures("whole_line")

BACKGROUND = ("bash", "-c", 'trap "" INT; exec "$@"', "bash")
ENDS_SECONDS = 60
SIGNALS = [signal.SIGINT, signal.SIGTERM]


@dataclass
class Job:
    """A command in the background, and the file that it writes to."""

    name: str
    process: subprocess.Popen[str]
    log: Path

    def says(self, text: str) -> bool:
        assert self.process.poll() is None, f"{self.name} exited: {self.log.read_text()}"
        return text in self.log.read_text()

    def ends_by(self, how: signal.Signals) -> tuple[int, str]:
        """Send it a signal; return its exit code and all that it said."""
        self.process.send_signal(how)
        until(lambda: self.process.poll() is not None, f"the end of {self.name}", ENDS_SECONDS)
        return self.process.returncode, self.log.read_text()


@contextmanager
def background(configured: Settings, folder: Path, *arguments: str) -> Iterator[Job]:
    command = [*BACKGROUND, sys.executable, "-m", "ecom_pipeline.cli", *arguments]
    environment = child_environment(environment_of(configured)) | {"PYTHONUNBUFFERED": "1"}
    log = folder / "said"
    with (
        log.open("w") as out,
        running(command, cwd=ROOT, env=environment, stdout=out, stderr=out) as process,
    ):
        yield Job(f"ecom {' '.join(arguments)}", process, log)


def tree_of(job: Job) -> list[psutil.Process]:
    """Return all that a job has started, once that has started something, too."""
    found = psutil.Process(job.process.pid).children(recursive=True)
    return found if len(found) > 1 else []


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.mark.parametrize("how", SIGNALS, ids=lambda each: each.name)
def test_the_customer_page_ends_and_leaves_its_port(whole_line, tmp_path, how):
    page = whole_line.page_origin
    with background(whole_line, tmp_path, "page", "17850") as job:
        until(lambda: job.says("sign in as customer-17850"), "the customer page")
        assert answers(page)
        code, said = job.ends_by(how)
    assert (code, "Traceback" in said) == (0, False), said
    assert not answers(page)


@pytest.mark.parametrize("how", SIGNALS, ids=lambda each: each.name)
def test_dagster_ends_with_all_of_its_processes_while_they_start(whole_line, tmp_path, how):
    """test_first_hour.py ends it when it serves."""
    port = free_port()
    with background(whole_line, tmp_path, "dev", "--port", str(port)) as job:
        tree = until(lambda: tree_of(job), "a server of Dagster's")
        code, said = job.ends_by(how)
        _, left = psutil.wait_procs(tree, timeout=ENDS_SECONDS)
    assert (code, left, "Traceback" in said) == (0, [], False), said
    assert not answers(f"http://127.0.0.1:{port}/server_info")
    assert all(stack.status(whole_line).values())


@pytest.fixture
def unstarted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Yield the settings of a system that nobody has started."""
    configured = local_aws(tmp_path_factory)
    yield configured
    stack.down(configured)


def ignored_by(pid: int) -> set[signal.Signals]:
    """Return which of the two signals a process ignores."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines)
    return {each for each in SIGNALS if int(status["SigIgn"], 16) >> (each - 1) & 1}


def test_a_start_that_is_interrupted_says_what_runs_and_is_gone_on_with(unstarted, tmp_path):
    for how, step, going in [
        (signal.SIGTERM, "starting the warehouse", {"aws"}),
        (signal.SIGINT, "deploying infra/", {"aws", "redshift"}),
    ]:
        with background(unstarted, tmp_path, "local", "up") as job:
            until(lambda: job.says(step), step)  # noqa: B023 - called here
            code, said = job.ends_by(how)
        assert (code, "Traceback" in said) == (2, False), said
        assert "interrupted; still running: " in said
        assert "`ecom local up` starts the missing services, `ecom local down`" in said
        pids = {name: pid for name, pid in stack.status(unstarted).items() if pid}
        assert going <= pids.keys() < {"aws", "redshift", "poller"}
        assert [ignored_by(pid) for pid in pids.values()] == [set()] * len(pids)
    stack.up(unstarted)
    assert all(stack.status(unstarted).values())
    assert stack.down(unstarted) == ["poller", "redshift", "aws"]
