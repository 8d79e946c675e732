"""Serve web/, the customer page, on this machine, with the headers that any host must send.

Users sign in at the emulator's Cognito endpoints; docs/customer-page.md describes a host on AWS.
"""

import json
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from ecom_pipeline.local import deploy, stack
from ecom_pipeline.local.files import folder
from ecom_pipeline.local.processes import LocalError
from ecom_pipeline.settings import Settings

WEB = folder("web")


def server(settings: Settings) -> ThreadingHTTPServer:
    """Return a server of the page over the local AWS; it already listens.

    Raises:
        LocalError: the port is taken.
    """
    given = {
        "api": stack.address(settings).url,
        "client": deploy.outputs(settings)["UserPoolClientId"],
        "signIn": settings.endpoint_url,
    }
    handler = partial(_Handler, given, directory=str(WEB))
    try:
        return ThreadingHTTPServer(("127.0.0.1", settings.page_port), handler)
    except OSError as error:
        raise LocalError(f"{settings.page_origin}: {error.strerror}; set ECOM_PAGE_PORT") from error


def headers(given: dict[str, Any]) -> dict[str, str]:
    """Return the headers that each file needs, for a page with this config.json.

    The page loads nothing from other origins, connects only to the API and the sign-in endpoint,
    can't
    be framed, and can't turn text into markup (Trusted Types).
    """
    asked = sorted({_origin(given["api"]), _origin(given["signIn"])})
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": " ".join(["'self'", *asked]),
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-cache",
    }


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class _Handler(SimpleHTTPRequestHandler):
    """Serves the files of web/, and config.json, which differs between environments."""

    def __init__(self, given: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        self.given = given
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        if urlsplit(self.path).path != "/config.json":
            super().do_GET()
            return
        body = json.dumps(self.given).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def end_headers(self) -> None:
        for name, value in headers(self.given).items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's names
        """Log nothing: a URL may contain an invoice number."""
