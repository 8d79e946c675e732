"""`python -m ecom_pipeline.local.poller`: the process. Flags, signals, the log, one per home.

python -m ecom_pipeline.local.poller --endpoint-url http://127.0.0.1:4566 \
        --region eu-west-1 --home .local
"""

import argparse
import fcntl
import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from ecom_pipeline.local.poller.aws import Aws
from ecom_pipeline.local.poller.checkpoints import CheckpointError
from ecom_pipeline.local.poller.mapping import MappingError
from ecom_pipeline.local.poller.supervisor import CrashError, Supervisor

log = logging.getLogger("ecom_pipeline.local.poller")


class AlreadyRunningError(Exception):
    """Another poller runs with the same home."""


def main() -> int:
    """Serve until SIGTERM or SIGINT (0), a failure (1) or an unsupported mapping (2)."""
    given = _parser().parse_args()
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    logging.getLogger("botocore").setLevel(logging.WARNING)
    stop = _stop_on_signal()
    try:
        with _alone(given.home):
            Supervisor(Aws(given.endpoint_url, given.region), given.home).run(stop)
    except MappingError as error:
        log.error("refused mapping %s", error)  # noqa: TRY400 - the message is complete; no traceback
        return 2
    except (AlreadyRunningError, CheckpointError, CrashError) as error:
        log.error("ended %s: %s", type(error).__name__, error)  # noqa: TRY400
        return 1
    log.info("stopped")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ecom_pipeline.local.poller",
        description="Serve the emulator's disabled Kinesis mappings as AWS Lambda would.",
    )
    parser.add_argument("--endpoint-url", required=True, help="URL of the emulator")
    parser.add_argument("--region", required=True, help="of the stream and its functions")
    parser.add_argument("--home", required=True, type=Path, help="directory of the checkpoints")
    return parser


def _stop_on_signal() -> threading.Event:
    """Return an event that the first signal sets; a second signal ends the process at once."""
    stop = threading.Event()

    def stop_signal(number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    signal.signal(signal.SIGTERM, stop_signal)
    signal.signal(signal.SIGINT, stop_signal)
    return stop


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Hold the home's lock: two pollers would deliver every record twice."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "poller.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunningError(f"stop the poller of {home} first") from error
        yield


if __name__ == "__main__":
    sys.exit(main())
