"""Identity tokens of the local user pool, for customers and staff made up on the spot.

On AWS people sign in, and nothing here is used.
"""

from contextlib import suppress
from typing import Any

from ecom_pipeline.client import sign_in
from ecom_pipeline.lake.connect import client
from ecom_pipeline.local import deploy
from ecom_pipeline.realtime.caller import STAFF
from ecom_pipeline.settings import Settings

PASSWORD = "Local-only-password-1"  # noqa: S105 - opens an emulator on loopback, where anyone may set it


def add_customer(settings: Settings, customer: str) -> str:
    """Put a customer into the pool, again is fine; return the name that they sign in with."""
    name = f"customer-{customer}"
    who = {"UserPoolId": deploy.outputs(settings)["UserPoolId"], "Username": name}
    _add(client(settings, "cognito-idp"), who, _attributes(customer))
    return name


def for_customer(settings: Settings, customer: str) -> str:
    """Return a token of a customer, who is put into the pool if they are not there."""
    return of_user(settings, f"customer-{customer}", _attributes(customer), [])


def add_staff(settings: Settings) -> str:
    """Put one of the shop's staff into the pool, again is fine; return their name."""
    _put(settings, STAFF, [], [STAFF])
    return STAFF


def for_staff(settings: Settings) -> str:
    """Return a token of the shop's staff."""
    return of_user(settings, STAFF, [], [STAFF])


def of_user(
    settings: Settings, name: str, attributes: list[dict[str, str]], groups: list[str]
) -> str:
    """Return a token of a user, who is put into the pool with these attributes and groups."""
    client_id = _put(settings, name, attributes, groups)
    return sign_in.id_token(settings, client_id, name, PASSWORD)


def _put(settings: Settings, name: str, attributes: list[dict[str, str]], groups: list[str]) -> str:
    """Put a user into the pool; return the id of the pool's client."""
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
    """Put a user into the pool with a password that holds; again is fine."""
    with suppress(pool.exceptions.UsernameExistsException):
        pool.admin_create_user(
            **who,
            UserAttributes=attributes,
            TemporaryPassword=PASSWORD,
            MessageAction="SUPPRESS",
        )
    pool.admin_set_user_password(**who, Password=PASSWORD, Permanent=True)
