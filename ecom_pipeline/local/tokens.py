"""Identity tokens of the local user pool, for generated customers and staff.

Not for AWS, where users sign in.
"""

from contextlib import suppress
from typing import Any

from ecom_pipeline.client import sign_in
from ecom_pipeline.lake.connect import client
from ecom_pipeline.local import deploy
from ecom_pipeline.realtime.caller import STAFF
from ecom_pipeline.settings import Settings

PASSWORD = "Local-only-password-1"  # noqa: S105 - for an emulator on loopback, where any caller can set it


def add_customer(settings: Settings, customer: str) -> str:
    """Create a customer in the pool if missing; return their user name."""
    name = f"customer-{customer}"
    who = {"UserPoolId": deploy.outputs(settings)["UserPoolId"], "Username": name}
    _add(client(settings, "cognito-idp"), who, _attributes(customer))
    return name


def for_customer(settings: Settings, customer: str) -> str:
    """Return a token of a customer, who is created in the pool if missing."""
    return of_user(settings, f"customer-{customer}", _attributes(customer), [])


def add_staff(settings: Settings) -> str:
    """Create a member of the shop's staff in the pool if missing; return their user name."""
    _put(settings, STAFF, [], [STAFF])
    return STAFF


def for_staff(settings: Settings) -> str:
    """Return a token of the shop's staff."""
    return of_user(settings, STAFF, [], [STAFF])


def of_user(
    settings: Settings, name: str, attributes: list[dict[str, str]], groups: list[str]
) -> str:
    """Return a token of a user, who is created in the pool with these attributes and groups."""
    client_id = _put(settings, name, attributes, groups)
    return sign_in.id_token(settings, client_id, name, PASSWORD)


def _put(settings: Settings, name: str, attributes: list[dict[str, str]], groups: list[str]) -> str:
    """Create a user in the pool; return the id of the pool's client."""
    pool = client(settings, "cognito-idp")
    found = deploy.outputs(settings)
    who = {"UserPoolId": found["UserPoolId"], "Username": name}
    _add(pool, who, attributes)
    for group in groups:
        pool.admin_add_user_to_group(**who, GroupName=group)
    return found["UserPoolClientId"]


def _attributes(customer: str) -> list[dict[str, str]]:
    return [{"Name": "custom:customer_id", "Value": customer}]


def _add(pool: Any, who: dict[str, str], attributes: list[dict[str, str]]) -> None:
    """Create a user in the pool if missing, with a permanent password."""
    with suppress(pool.exceptions.UsernameExistsException):
        pool.admin_create_user(
            **who,
            UserAttributes=attributes,
            TemporaryPassword=PASSWORD,
            MessageAction="SUPPRESS",
        )
    pool.admin_set_user_password(**who, Password=PASSWORD, Permanent=True)
