"""`python -m ecom_pipeline.local.redshift`: PostgreSQL and the proxy in the foreground.

Belongs here: the command line, the environment, signals, the order of start and stop. Does not
belong here: PostgreSQL's processes (postgres.py), the proxy (proxy.py).
"""

import argparse
import asyncio
import fcntl
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ecom_pipeline.local.redshift import catalog
from ecom_pipeline.local.redshift.errors import BackendError
from ecom_pipeline.local.redshift.postgres import Postgres, PostgresError, bundled_binaries
from ecom_pipeline.local.redshift.proxy import Proxy

_log = logging.getLogger("ecom_pipeline.local.redshift")
_HOST = "127.0.0.1"
_REFUSED = 2


class NotStartedError(RuntimeError):
    """The local Redshift can't start; the message has the reason and what to do."""


def main() -> int:
    """Run until SIGTERM or SIGINT, and return the exit status."""
    options = _options()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        with _listener(options.port) as listener, _only_one(options.home):
            _run(options, listener)
    except (NotStartedError, PostgresError) as error:
        _log.error("%s", error)
        return _REFUSED
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ecom_pipeline.local.redshift")
    parser.add_argument("--home", type=Path, required=True, help="directory of the data")
    parser.add_argument("--port", type=int, default=5439)
    parser.add_argument("--s3-endpoint", required=True, help="endpoint of s3:// in COPY")
    parser.add_argument("--region", default="eu-west-2")
    return parser.parse_args()


@contextmanager
def _listener(port: int) -> Iterator[socket.socket]:
    """Bind the port at once, so that a conflict shows early; it accepts only when all is ready."""
    # asyncio sets TCP_NODELAY only if the protocol is given; without it a response takes 40 ms
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_HOST, port))
        except OSError as error:
            why = f"port {port} of {_HOST} can't be used ({error.strerror}): stop what uses it"
            raise NotStartedError(f"{why} or give another --port") from None
        yield listener


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    """Lock the home directory, so that two proxies can't stop each other's PostgreSQL."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotStartedError(f"{home} is in use by another local Redshift: stop it") from None
        yield


def _run(options: argparse.Namespace, listener: socket.socket) -> None:
    named = os.environ.get("ECOM_PG_BIN")
    postgres = Postgres(options.home.resolve(), Path(named) if named else bundled_binaries())
    try:
        postgres.start()
        proxy = Proxy(postgres.socket, options.s3_endpoint, options.region)
        asyncio.run(_serve(postgres, proxy, listener))
    finally:
        postgres.stop()


async def _serve(postgres: Postgres, proxy: Proxy, listener: socket.socket) -> None:
    try:
        await catalog.install(postgres.socket)
    except BackendError as error:
        why = f"the data can't be migrated ({error}): created by another version?"
        raise NotStartedError(f"{why} Remove {postgres.data} to start again") from None
    serving = asyncio.create_task(proxy.serve(listener))
    loop = asyncio.get_running_loop()
    for stop in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(stop, serving.cancel)
    _log.info("ready on %s:%s", *listener.getsockname())
    await asyncio.wait({serving})
    if not serving.cancelled():
        serving.result()


if __name__ == "__main__":
    sys.exit(main())
