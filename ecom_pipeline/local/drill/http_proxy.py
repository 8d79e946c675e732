"""An HTTP proxy in front of the AWS emulator.

It passes each call to a rule, which forwards, counts, changes or refuses it; a rule that raises an
OSError cuts the connection. The rules belong to the drill, the tests and the benchmark.
"""

import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

_HOP_BY_HOP = {"connection", "content-length", "date", "server", "transfer-encoding"}
_TRIES = 2  # a keep-alive connection may have been closed


@dataclass(frozen=True)
class Call:
    """A request to AWS."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def operation(self) -> str:
        """The operation's name if the protocol has it in a header, else the method and path."""
        target = self.headers.get("x-amz-target", "")
        return target.rpartition(".")[2] or f"{self.method} {urlsplit(self.path).path}"

    def with_body(self, body: bytes) -> "Call":
        return replace(self, body=body)


@dataclass(frozen=True)
class Reply:
    """An AWS response; with `promised` above the body's bytes, the connection ends before them."""

    status: int
    headers: dict[str, str]
    body: bytes
    promised: int | None = None


Forward = Callable[[Call], Reply]
Rule = Callable[[Call, Forward], Reply]


class Proxy:
    """An HTTP proxy on a free port of this machine, within its context."""

    def __init__(self, upstream: str, rule: Rule) -> None:
        where = urlsplit(upstream)
        self._address = str(where.hostname), int(where.port or 80)
        self._connections = threading.local()
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.rule = rule
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()

    def hang_up(self) -> None:
        """Close this thread's connection to the emulator."""
        connection = getattr(self._connections, "kept", None)
        if connection is not None:
            connection.close()

    def forward(self, call: Call) -> Reply:
        """Forward a call on this thread's connection; return the response, 503 if there is none."""
        for _ in range(_TRIES):
            connection = getattr(self._connections, "kept", None)
            if connection is None:
                connection = self._connections.kept = HTTPConnection(*self._address, timeout=120)
            try:
                connection.request(call.method, call.path, call.body, call.headers)
                answer = connection.getresponse()
                headers = {name.lower(): value for name, value in answer.getheaders()}
                return Reply(answer.status, headers, answer.read())
            except (HTTPException, OSError):
                connection.close()
                self._connections.kept = None
        return Reply(503, {"content-type": "text/plain"}, b"the emulator does not answer")


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # closing joins the threads
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a client that has disconnected: some are killed on purpose."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        """End the connections that clients keep open."""
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # with small unbuffered writes, each response takes 40 ms longer
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.pop("content-length", 0)))
        headers.pop("expect", None)
        proxy = self.proxy
        reply = proxy.rule(Call(self.command, self.path, headers, body), proxy.forward)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            if name not in _HOP_BY_HOP:
                self.send_header(name, value)
        if "content-length" in reply.headers and self.command == "HEAD":
            self.send_header("content-length", reply.headers["content-length"])
        else:
            self.send_header("content-length", str(reply.promised or len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)
        if reply.promised is not None:
            self.close_connection = True

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815 - http.server's names

    def finish(self) -> None:
        try:
            super().finish()
        finally:  # it raises when the client was killed before its response was written
            self.proxy.hang_up()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Log nothing."""
