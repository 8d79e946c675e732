"""Sign-in to a Cognito user pool with user name and password."""

from ecom_pipeline import settings
from ecom_pipeline.lake.connect import client
from ecom_pipeline.settings import Settings


def id_token(configured: Settings, client_id: str, name: str, password: str) -> str:
    """Return an identity token, valid for an hour."""
    answer = client(configured, "cognito-idp").initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": password},
    )
    return answer["AuthenticationResult"]["IdToken"]


def local_staff(configured: Settings) -> str | None:
    """Return an identity token of the staff user that `ecom local up` created; None without it."""
    found = settings.outputs(configured)
    if "staff" not in found:
        return None
    return id_token(configured, found["user_pool_client"], found["staff"], found["staff_password"])
