"""Page tokens: a signed cursor, valid only for the same customer and the same list.

A token is the cursor and an HMAC-SHA256 over route, customer and cursor. The cursor itself is not
secret, the page before has shown it; the signature makes it invalid on any other route or customer.
"""

import base64
import hmac
import time
from dataclasses import dataclass
from functools import cache

import msgspec

from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.realtime.clients import client, env

_MAC_BYTES = 32
_LONGEST = 512  # characters
_CACHED_SECONDS = 300.0
_REREAD_SECONDS = 10.0  # minimum between reads that invalid tokens cause


class PageTokenError(EcomError):
    """A page token whose signature is not valid for this list."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The list that a token is valid for."""

    route: str
    customer: str


def sign(listing: Listing, cursor: str) -> str:
    """Return the token of a cursor."""
    current, *_ = _secrets().at_most(_CACHED_SECONDS)
    return _text(_mac(current, listing, cursor) + cursor.encode())


def verify(listing: Listing, token: str) -> str:
    """Return the cursor of a token.

    The previous secret is accepted too. If neither matches, the secrets are read again: they may
    have been rotated since the last read.

    Raises:
        PageTokenError: the token is malformed, forged, or belongs to another list.
    """
    mac, cursor = _parts(token)
    for seconds in (_CACHED_SECONDS, _REREAD_SECONDS):
        for secret in _secrets().at_most(seconds):
            if hmac.compare_digest(mac, _mac(secret, listing, cursor)):
                return cursor
    raise PageTokenError("not a token of this list")


def _parts(token: str) -> tuple[bytes, str]:
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        mac, cursor = raw[:_MAC_BYTES], raw[_MAC_BYTES:].decode()
    except ValueError as error:
        raise PageTokenError("not a token") from error
    if len(token) > _LONGEST or not cursor or token != _text(raw):  # canonical base64 only
        raise PageTokenError("not a token")
    return mac, cursor


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _mac(secret: bytes, listing: Listing, cursor: str) -> bytes:
    message = msgspec.json.encode([listing.route, listing.customer, cursor])
    return hmac.digest(secret, message, "sha256")


class _Secrets:
    """The current and the previous signing secret, cached."""

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._read_at = -float("inf")
        self._found: tuple[bytes, ...] = ()

    def at_most(self, seconds: float) -> tuple[bytes, ...]:
        """Return the current secret and, if there is one, the previous; at most `seconds` old."""
        if time.monotonic() - self._read_at > seconds:
            self._found = (self._stage("AWSCURRENT"), *self._previous())
            self._read_at = time.monotonic()
        return self._found

    def _previous(self) -> tuple[bytes, ...]:
        try:
            return (self._stage("AWSPREVIOUS"),)
        except client("secretsmanager").exceptions.ResourceNotFoundException:
            return ()  # never rotated

    def _stage(self, stage: str) -> bytes:
        answer = client("secretsmanager").get_secret_value(SecretId=self._arn, VersionStage=stage)
        return str(answer["SecretString"]).encode()


@cache
def _of(arn: str) -> _Secrets:
    return _Secrets(arn)


def _secrets() -> _Secrets:
    return _of(env("PAGE_TOKEN_SECRET_ARN"))
