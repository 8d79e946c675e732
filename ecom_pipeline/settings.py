"""Settings: the differences between environments, as data, read from environment variables.

A field's variable is ECOM_<FIELD>. The environment `local` needs none of them; any other must set
all required ones, so production has no default that could be wrong. The rest of the product does
not read os.environ, realtime excepted.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ecom_pipeline.domain import shop
from ecom_pipeline.domain.currency import Currency
from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.domain.running import RunningDays
from ecom_pipeline.domain.shop import Shop
from ecom_pipeline.values import READERS

ACCOUNT_LOCAL = "000000000000"
OUTPUTS = "outputs.json"  # in `home`


class SettingsError(EcomError):
    """A setting is missing, invalid or unreadable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All values that differ between environments; the outputs of infra/ have the resource names.

    `in_flight_seconds`: how long an event may take to reach all stores before reconcile reports it
    as missing; longer than the consumers' batch windows and a few of their retries.
    `engine` builds the CSV: python, processes (all cores of one machine) or spark, which needs half
    a minute to start and is worthwhile from some 6 million new events a run (docs/scaling.md). On
    AWS it needs an EMR Serverless application and a job role.
    `time_zone` (IANA) decides when a shop's day begins and ends, `currency` (ISO 4217) how amounts
    are displayed; the deployed functions get both as parameters of infra/template.yaml. `first_day`
    is the first partition. By default they are those of the data set.
    `api_url` is the URL of the API. For the local AWS, `ecom local up` writes it and the API key
    into `home`, and `with_outputs` adds it.
    `dagster_url` is the URL of a Dagster UI, to which `ecom load` submits its runs. Without it,
    against the local AWS, a load is executed in the command's process.
    `load_bound` is the share (0 to 1) of a published day's rows or revenue that a load may change
    without approval. `intraday_minutes`, if set, is how often the running day is loaded when it has
    new objects (5 to 720); by default a day is loaded once it is over. `log_format` is text, or
    json: what a load logs, also as JSON lines on the standard output. `alarm_topic` is the SNS
    topic for what Dagster finds wrong.
    `failed_queue` is the queue of failed batches, for `ecom redeliver`; `stream` the event stream,
    in which `ecom trace` looks up sequence numbers.
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
    failed_queue: str | None = None
    stream: str | None = None
    page_port: int = 4580
    endpoint_url: str | None = None
    emulator_key: str | None = None
    engine: str = "processes"
    spark_application: str | None = None
    spark_role: str | None = None
    time_zone: ZoneInfo = shop.DEFAULT.time_zone
    currency: Currency = shop.DEFAULT.currency
    first_day: date = shop.DEFAULT.first_day
    in_flight_seconds: int = 900
    load_bound: Decimal | None = None
    log_format: str = "text"
    intraday_minutes: int | None = None
    alarm_topic: str | None = None
    api_url: str | None = None
    dagster_url: str | None = None
    home: Path = Path(".local")

    @property
    def shop(self) -> Shop:
        """The shop's own facts."""
        return Shop(time_zone=self.time_zone, currency=self.currency, first_day=self.first_day)

    @property
    def running_days(self) -> RunningDays | None:
        """The rule by which a day is over; None if only days that are over are loaded."""
        if self.intraday_minutes is None:
            return None
        in_flight = timedelta(seconds=self.in_flight_seconds)
        return RunningDays(time_zone=self.time_zone, in_flight=in_flight)

    @property
    def page_origin(self) -> str:
        """The origin at which `ecom page` serves the customer page on this machine."""
        return f"http://127.0.0.1:{self.page_port}"

    @property
    def object_link(self) -> str:
        """The URL at which a person can open an S3 object, with placeholders {bucket} and {key}."""
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
    failed_queue="ecom-failed-batches",
    stream="event-ingest",
    table="ecom-sales",
    glue_database="ecom",
    redshift_database="dev",
    copy_role=f"arn:aws:iam::{ACCOUNT_LOCAL}:role/ecom-copy",
    redshift_host="127.0.0.1",
    in_flight_seconds=10,
    endpoint_url="http://127.0.0.1:4566",
    emulator_key="test",  # the emulator's access key id and secret access key; not a secret
)


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of this process's environment.

    Raises:
        SettingsError: a variable is invalid, or required ones are missing; it has all their names.
    """
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
    """Return settings with the local API's URL, if it is deployed."""
    return replace(settings, api_url=settings.api_url or outputs(settings).get("api_url"))


def outputs(settings: Settings) -> dict[str, str]:
    """Return the outputs that `ecom local up` wrote; none before it, or in another environment.

    Raises:
        SettingsError: the file is damaged.
    """
    path = settings.home / OUTPUTS
    if settings.environment != LOCAL.environment or not path.exists():
        return {}
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise SettingsError(f"{path} is damaged: run `ecom local up` to write it again") from error


def variable(field: str) -> str:
    """Return the name of a field's environment variable."""
    return f"ECOM_{field.upper()}"


def api_key(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the producer's API key, if it is set; as a secret it is not part of Settings."""
    return environ.get(variable("api_key"))


def staff_token(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return a staff member's identity token, if it is set; a secret too."""
    return environ.get(variable("staff_token"))


def child_environment(
    changes: Mapping[str, str], environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the environment variables for a child process, with `changes` applied.

    PYTHONDONTWRITEBYTECODE is removed: with it `import dagster` takes 3.4 CPU seconds in every
    process instead of 1.5 (measured 2026-11-22).
    """
    return {k: v for k, v in environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | dict(changes)


def aws_environment(settings: Settings) -> dict[str, str]:
    """Return the variables that AWS clients need to use the local AWS; none for the real one."""
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
    """Return the environment variables from which another process loads the same settings."""
    given = {field.name: getattr(settings, field.name) for field in fields(Settings)}
    given["home"] = settings.home.resolve()
    return {variable(name): str(value) for name, value in given.items() if value is not None}


def _read(name: str, text: str) -> Any:
    if name not in READERS:
        return text
    read, expected = READERS[name]
    try:
        return read(text)
    except ValueError as error:
        raise SettingsError(f"{variable(name)}: expected {expected}, got {text!r}") from error
