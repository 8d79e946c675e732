"""What differs between environments, as data; the one place outside realtime with os.environ.

A field's variable is ECOM_<FIELD>. Local needs none of them; every other environment must say
everything, so production has no default that could be wrong.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ecom_pipeline.domain.errors import EcomError

ACCOUNT_LOCAL = "000000000000"
OUTPUTS = "outputs.json"  # in `home`


class SettingsError(EcomError):
    """The environment does not say enough to run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything an environment may change; infra/ outputs the names.

    `in_flight_seconds` is how long an event may take to both stores before reconcile calls it lost;
    longer than the consumers' batch windows and a few of their retries.
    `engine` builds the CSV: python, processes (all cores of one machine) or spark, which starts in
    half a minute and pays from some 6 million new events a run (docs/scaling.md). On AWS it needs
    its EMR Serverless application and the role of its jobs.
    `first_day` is the first partition, by default the data set's; a shop sets its own.
    `api_url` is the API's address. Of the local AWS `ecom local up` writes it, and the key, into
    `home`: `with_outputs` adds it.
    `dagster_url` is the UI of a Dagster whose daemon runs what `ecom load` asks for; without it,
    against the local AWS, a load runs in the command's own process.
    `load_bound` is the share of a published day that a load may change by itself; above it, the
    load waits for approval. `alarm_topic` is the SNS topic that is told of failed runs.
    """

    environment: str
    region: str
    raw_bucket: str
    csv_bucket: str
    raw_queue: str
    table: str
    glue_database: str
    redshift_database: str
    copy_role: str
    redshift_workgroup: str | None = None
    redshift_cluster: str | None = None
    redshift_secret: str | None = None
    redshift_host: str | None = None
    redshift_port: int = 5439
    page_port: int = 4580
    endpoint_url: str | None = None
    emulator_key: str | None = None
    engine: str = "processes"
    spark_application: str | None = None
    spark_role: str | None = None
    first_day: date = date(2010, 12, 1)
    in_flight_seconds: int = 900
    load_bound: Decimal | None = None
    alarm_topic: str | None = None
    api_url: str | None = None
    dagster_url: str | None = None
    home: Path = Path(".local")

    @property
    def page_origin(self) -> str:
        """Where `ecom page` serves the customer page on this machine."""
        return f"http://127.0.0.1:{self.page_port}"

    @property
    def object_link(self) -> str:
        """Where a person looks at an object: a format of {bucket} and {key}."""
        if self.endpoint_url is not None:
            return f"{self.endpoint_url}/{{bucket}}/{{key}}"
        console = f"https://{self.region}.console.aws.amazon.com/s3/object"
        return f"{console}/{{bucket}}?prefix={{key}}"


LOCAL = Settings(
    environment="local",
    region="eu-west-2",
    raw_bucket=f"ecom-raw-{ACCOUNT_LOCAL}",
    csv_bucket=f"ecom-csv-{ACCOUNT_LOCAL}",
    raw_queue="ecom-raw-notifications",
    table="ecom-sales",
    glue_database="ecom",
    redshift_database="dev",
    copy_role=f"arn:aws:iam::{ACCOUNT_LOCAL}:role/ecom-copy",
    redshift_host="127.0.0.1",
    in_flight_seconds=10,
    endpoint_url="http://127.0.0.1:4566",
    emulator_key="test",  # what the emulator wants for a key and its secret; no secret at all
)


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Return this environment's settings, or say at once all that is missing."""
    given = {
        field.name: _read(field.name, environ[variable(field.name)])
        for field in fields(Settings)
        if variable(field.name) in environ
    }
    if given.get("environment", "local") == "local":
        return replace(LOCAL, **given)
    required = [field.name for field in fields(Settings) if field.default is MISSING]
    missing = [variable(name) for name in required if name not in given]
    if missing:
        raise SettingsError(f"set {', '.join(missing)} (infra/ outputs them)")
    return Settings(**given)


def with_outputs(settings: Settings) -> Settings:
    """Return settings that also say where the local API answers, once it is deployed."""
    return replace(settings, api_url=settings.api_url or outputs(settings).get("api_url"))


def outputs(settings: Settings) -> dict[str, str]:
    """Return what `ecom local up` wrote; of another environment, or before, nothing."""
    path = settings.home / OUTPUTS
    if settings.environment != LOCAL.environment or not path.exists():
        return {}
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise SettingsError(f"{path} is damaged: `ecom local up` writes it again") from error


def variable(field: str) -> str:
    """Return the name of a field's environment variable."""
    return f"ECOM_{field.upper()}"


def api_key(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the producer's key, if it is given: a secret, so it is in no Settings."""
    return environ.get(variable("api_key"))


def staff_token(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return an identity token of the shop's staff, if it is given: a secret too."""
    return environ.get(variable("staff_token"))


def child_environment(
    changes: Mapping[str, str], environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the environment for a process of ours.

    PYTHONDONTWRITEBYTECODE is left out: with it `import dagster` costs 3.4 CPU seconds in every
    process instead of 1.5 (measured 2026-11-22).
    """
    return {k: v for k, v in environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | dict(changes)


def aws_environment(settings: Settings) -> dict[str, str]:
    """Return what any AWS client needs to reach the local AWS; nothing for the real one."""
    if settings.endpoint_url is None or settings.emulator_key is None:
        return {}
    return {
        "AWS_ENDPOINT_URL": settings.endpoint_url,
        "AWS_ACCESS_KEY_ID": settings.emulator_key,
        "AWS_SECRET_ACCESS_KEY": settings.emulator_key,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_REGION": settings.region,
    }


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the variables from which another process loads the same settings."""
    given = {field.name: getattr(settings, field.name) for field in fields(Settings)}
    given["home"] = settings.home.resolve()
    return {variable(name): str(value) for name, value in given.items() if value is not None}


def _read(name: str, text: str) -> Any:
    if name not in _READERS:
        return text
    read, expected = _READERS[name]
    try:
        return read(text)
    except (ValueError, InvalidOperation) as error:
        raise SettingsError(f"{variable(name)}: expected {expected}, got {text!r}") from error


def _web_address(text: str) -> str:
    parts = urlsplit(text.rstrip("/"))
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError
    _ = parts.port  # ValueError when it is none
    return parts.geturl()


_READERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "home": (Path, "a folder"),
    "redshift_port": (int, "a port number"),
    "page_port": (int, "a port number"),
    "dagster_url": (_web_address, "an address like http://127.0.0.1:3000"),
    "first_day": (date.fromisoformat, "a day like 2010-12-01"),
    "in_flight_seconds": (int, "a number of seconds"),
    "load_bound": (Decimal, "a share like 0.2"),
}
