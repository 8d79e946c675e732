"""The query API's responses: JSON bodies, ETags, cache and CORS headers.

A success may be cached by the client's browser only, which must revalidate it each time (with the
ETag); no other response may be cached. Every error body is {"message": …}, as API Gateway's own.
CORS allows the customer page's origin only.
"""

from hashlib import sha256
from typing import Any

import msgspec

from ecom_pipeline.realtime.clients import env

Response = dict[str, Any]

RETRY_SECONDS = 1
_HEADERS = {
    "Content-Type": "application/json",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Authorization",
}
_REVALIDATE = "private, no-cache"
_MAY_ASK = {
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Allow-Headers": "Authorization",
    "Access-Control-Max-Age": "7200",  # seconds; Chromium's maximum
}


class NotFoundError(Exception):
    """The resource does not exist or is another customer's; both get the same response."""


class BadRequestError(Exception):
    """A parameter does not match infra/openapi.yaml."""


class NotYetError(Exception):
    """The receipt's event is not visible yet."""


def ok(body: object, if_none_match: str | None) -> Response:
    """Return a 200 response, or 304 when the client's ETag matches."""
    text = msgspec.json.encode(body)
    etag = f'"{sha256(text).hexdigest()[:32]}"'
    headers = _headers(_REVALIDATE) | {"ETag": etag}
    if _has(etag, if_none_match):
        return {"statusCode": 304, "headers": headers, "body": ""}
    return {"statusCode": 200, "headers": headers, "body": text.decode()}


def preflight() -> Response:
    """Return the response of a CORS preflight request, which carries no token."""
    return {"statusCode": 204, "headers": _headers("no-store") | _MAY_ASK, "body": ""}


def error(status: int, message: str) -> Response:
    """Return an error response."""
    return _short(status, message, {})


def not_yet() -> Response:
    """Return a 202 response: retry after RETRY_SECONDS."""
    return _short(202, "not visible yet: try again", {"Retry-After": str(RETRY_SECONDS)})


def busy() -> Response:
    """Return a 503 response: DynamoDB throttled the read."""
    return _short(503, "busy: try again", {"Retry-After": str(RETRY_SECONDS)})


def _short(status: int, message: str, headers: dict[str, str]) -> Response:
    text = msgspec.json.encode({"message": message}).decode()
    return {"statusCode": status, "headers": _headers("no-store") | headers, "body": text}


def _headers(cache_control: str) -> dict[str, str]:
    page = {"Access-Control-Allow-Origin": env("PAGE_ORIGIN")}
    return _HEADERS | page | {"Cache-Control": cache_control}


def _has(etag: str, if_none_match: str | None) -> bool:
    """Compare weakly, as RFC 9110 requires for If-None-Match."""
    tags = {tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")}
    return etag in tags or "*" in tags
