"""What the query API answers with: JSON, an ETag from its content, and what a cache may do.

A success may be kept by the reader's own browser if it asks again each time (that is what the
ETag is for); anything else is kept by nobody. Every error is {"message": …}, as API Gateway's own.
A browser may show an answer to the customer page, and to no page of another origin.
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
    "Access-Control-Max-Age": "7200",  # the longest that Chromium keeps one
}


class NotFoundError(Exception):
    """What was asked for does not exist, or is another customer's: the reader can't tell which."""


class BadRequestError(Exception):
    """A parameter is not what infra/openapi.yaml says."""


class NotYetError(Exception):
    """The event of the receipt is not visible yet."""


def ok(body: object, if_none_match: str | None) -> Response:
    """Answer 200, or 304 to a reader who has the same content."""
    text = msgspec.json.encode(body)
    etag = f'"{sha256(text).hexdigest()[:32]}"'
    headers = _headers(_REVALIDATE) | {"ETag": etag}
    if _has(etag, if_none_match):
        return {"statusCode": 304, "headers": headers, "body": ""}
    return {"statusCode": 200, "headers": headers, "body": text.decode()}


def preflight() -> Response:
    """Tell a browser what the page may ask; it asks without a token and learns nothing else."""
    return {"statusCode": 204, "headers": _headers("no-store") | _MAY_ASK, "body": ""}


def error(status: int, message: str) -> Response:
    """Answer an error."""
    return _short(status, message, {})


def not_yet() -> Response:
    """Answer 202: ask again in a second."""
    return _short(202, "not visible yet: ask again", {"Retry-After": str(RETRY_SECONDS)})


def busy() -> Response:
    """Answer 503: the table takes no more just now."""
    return _short(503, "busy: ask again", {"Retry-After": str(RETRY_SECONDS)})


def _short(status: int, message: str, headers: dict[str, str]) -> Response:
    text = msgspec.json.encode({"message": message}).decode()
    return {"statusCode": status, "headers": _headers("no-store") | headers, "body": text}


def _headers(cache_control: str) -> dict[str, str]:
    page = {"Access-Control-Allow-Origin": env("PAGE_ORIGIN")}
    return _HEADERS | page | {"Cache-Control": cache_control}


def _has(etag: str, if_none_match: str | None) -> bool:
    """Compare weakly, as RFC 9110 says for If-None-Match."""
    tags = {tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")}
    return etag in tags or "*" in tags
