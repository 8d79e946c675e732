"""Signing in at a Cognito user pool with a name and a password."""

from ecom_pipeline import settings
from ecom_pipeline.lake.connect import client
from ecom_pipeline.settings import Settings


def id_token(configured: Settings, client_id: str, name: str, password: str) -> str:
    """Return an identity token, good for an hour."""
    answer = client(configured, "cognito-idp").initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": password},
    )
    return answer["AuthenticationResult"]["IdToken"]


def local_staff(configured: Settings) -> str | None:
    """Return a token of the staff that `ecom local up` put into its pool; None without one."""
    found = settings.outputs(configured)
    if "staff" not in found:
        return None
    return id_token(configured, found["user_pool_client"], found["staff"], found["staff_password"])
