"""The caller of a request, read only from the token claims that API Gateway verified.

API Gateway's Cognito authorizer checks the token's signature, issuer and validity times before a
function runs. This module decides which routes the caller may use; query.py reads the data.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecom_pipeline.domain.event import CUSTOMER_ID_PATTERN

STAFF = "staff"


class ForbiddenError(Exception):
    """The caller has no permission for this route, or sent no identity token."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The owner of a verified identity token."""

    customer: str | None
    staff: bool

    def as_customer(self) -> str:
        """Return the caller's own customer id.

        Raises:
            ForbiddenError: the token has no customer id.
        """
        if self.customer is None:
            raise ForbiddenError("this token has no customer id")
        return self.customer

    def require_staff(self) -> None:
        """Require membership of the staff group.

        Raises:
            ForbiddenError: the caller is not in it.
        """
        if not self.staff:
            raise ForbiddenError("this route is for the shop's staff")


def caller_of(request: Mapping[str, Any]) -> Caller:
    """Return the caller of a request, from the claims of its identity token.

    Raises:
        ForbiddenError: the token is not an identity token. An access token is rejected, since it
            does not contain the attribute with the customer id.
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
    """Split a list claim: REST APIs join it with commas, HTTP APIs and the emulator write [a b]."""
    if not isinstance(claim, str):
        return frozenset()
    return frozenset(claim.strip("[]").replace(",", " ").split())
