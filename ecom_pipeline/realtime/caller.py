"""Who asks: read from the claims that API Gateway verified, and from nothing else.

API Gateway's Cognito authorizer checks the token's signature, issuer and times before a function
runs. What a token's owner may see is decided here; what they see, in query.py and below.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecom_pipeline.domain.event import CUSTOMER_ID_PATTERN

STAFF = "staff"


class ForbiddenError(Exception):
    """The caller is known, and this route is not for them."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The owner of a verified identity token."""

    customer: str | None
    staff: bool

    def as_customer(self) -> str:
        """Return the caller's own customer id."""
        if self.customer is None:
            raise ForbiddenError("this token is no customer's")
        return self.customer

    def require_staff(self) -> None:
        """Go on for the shop's staff only."""
        if not self.staff:
            raise ForbiddenError("this route is for the shop's staff")


def caller_of(request: Mapping[str, Any]) -> Caller:
    """Read the caller from a request; without an identity token's claims nobody is anything.

    An access token is refused: the customer's id is an attribute, which only identity tokens bear.
    """
    context: dict[str, Any] = request.get("requestContext") or {}
    authorizer: dict[str, Any] = context.get("authorizer") or {}
    claims: dict[str, Any] = authorizer.get("claims") or {}
    if claims.get("token_use") != "id":
        raise ForbiddenError("send an identity token")
    customer = claims.get("custom:customer_id")
    known = isinstance(customer, str) and CUSTOMER_ID_PATTERN.fullmatch(customer)
    return Caller(customer if known else None, STAFF in _groups(claims.get("cognito:groups")))


def _groups(claim: object) -> frozenset[str]:
    """REST APIs join a list claim by commas, HTTP APIs and the emulator write [a b]."""
    if not isinstance(claim, str):
        return frozenset()
    return frozenset(claim.strip("[]").replace(",", " ").split())
