# pyright: basic
# boto3 has no types.
"""The identity of the caller: who publishes, approves, erases, discards or repairs.

On AWS it is the ARN that STS knows the credentials by: a person's, or a task's role with the task.
Against the local AWS everybody has the same ARN, so the operating system's user is before it.
"""

import getpass
import logging
import os
from functools import cache

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ecom_pipeline.settings import Settings

UNKNOWN = "unknown"
_LOG = logging.getLogger(__name__)
# of an answer that nothing waits for longer: a load goes on without it
_CONFIG = Config(connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 2})


@cache
def caller(settings: Settings) -> str:
    """Return the caller's identity, asked for once a process; "unknown" if STS does not answer."""
    try:
        sts = boto3.client(
            "sts",
            region_name=settings.region,
            endpoint_url=settings.endpoint_url,
            aws_access_key_id=settings.emulator_key,
            aws_secret_access_key=settings.emulator_key,
            config=_CONFIG,
        )
        arn = str(sts.get_caller_identity()["Arn"])
    except (BotoCoreError, ClientError) as error:
        _LOG.warning(
            "who does this is recorded as %s: STS does not say (%s)", UNKNOWN, type(error).__name__
        )
        arn = UNKNOWN
    return arn if settings.endpoint_url is None else f"{_user()}, {arn}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"uid {os.getuid()}"
