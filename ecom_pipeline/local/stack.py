"""The local AWS as a whole: its services, their starting order, and its address."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests

from ecom_pipeline.lake.connect import client
from ecom_pipeline.local import deploy, processes, tokens
from ecom_pipeline.local.processes import LocalError, Service
from ecom_pipeline.local.restore import restore
from ecom_pipeline.settings import OUTPUTS, Settings, aws_environment, child_environment, variable

_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Address:
    """The API's URL, and the key of a producer."""

    url: str
    api_key: str


def up(settings: Settings, say: Callable[[str], None] = lambda _: None) -> Address:
    """Start what is not running, deploy infra/, and return the API's address; idempotent."""
    home = settings.home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    emulator, warehouse, poller = services(settings)
    unsaved = not any(_state(home).glob("*.json"))
    to_restore = home / "run" / "to_restore"  # kept until the restore is complete, also across runs
    if processes.left_dead(emulator.name, home):
        to_restore.touch()
    say("starting the AWS emulator")
    if processes.start(emulator, home):  # it was still shutting down at the check above
        to_restore.touch()
    say("starting the warehouse")
    processes.start(warehouse, home)
    say("deploying infra/")
    deploy.deploy(settings)
    if unsaved:  # a SIGKILL before the first save would leave S3 buckets without a stack
        processes.stop(emulator, home)
        processes.start(emulator, home)
    if to_restore.exists():
        say("the emulator was killed: restoring DynamoDB from the raw lake")
        restore(settings, say)
        to_restore.unlink()
    say("starting the stream poller")
    processes.start(poller, home)
    found = address(settings)
    _write_outputs(settings, found)
    return found


def _write_outputs(settings: Settings, found: Address) -> None:
    """Write the stack's outputs that the product needs to the file that `settings.load` reads."""
    deployed = deploy.outputs(settings)
    outputs = {
        "api_url": found.url,
        "api_key": found.api_key,
        "stream": deployed["StreamName"],
        "user_pool_client": deployed["UserPoolClientId"],
        "staff": tokens.add_staff(settings),
        "staff_password": tokens.PASSWORD,
    }
    draft = settings.home / f"{OUTPUTS}.new"
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(outputs, indent=2) + "\n")
    draft.replace(settings.home / OUTPUTS)


def down(settings: Settings) -> list[str]:
    """Stop all services, the newest first; keep the data in `home`. Return what was running."""
    home = settings.home.resolve()
    return [each.name for each in reversed(services(settings)) if processes.stop(each, home)]


def status(settings: Settings) -> dict[str, int | None]:
    """Return each service's pid, or None if it is not running."""
    home = settings.home.resolve()
    return {each.name: processes.pid_of(each.name, home) for each in services(settings)}


def address(settings: Settings) -> Address:
    """Return the address of the deployed API; LocalError if a service is not running."""
    require(settings)
    found = deploy.outputs(settings)
    keys = client(settings, "apigateway")
    key = keys.get_api_key(apiKey=found["ProducerKeyId"], includeValue=True)["value"]
    return Address(api_url(settings, found), key)


def api_url(settings: Settings, found: Mapping[str, str]) -> str:
    """Return the URL at which the emulator serves the API of a stack with these outputs."""
    stage = urlsplit(found["ApiUrl"]).path
    return f"{settings.endpoint_url}/_aws/execute-api/{found['ApiId']}{stage}"


def require(settings: Settings) -> None:
    """Raise LocalError with the command to run, unless all services are running."""
    stopped = [name for name, pid in status(settings).items() if pid is None]
    if stopped:
        raise LocalError(
            f"the local AWS is not running ({', '.join(stopped)}): run `ecom local up`"
        )


def services(settings: Settings) -> tuple[Service, Service, Service]:
    """Return the services in starting order."""
    home = settings.home.resolve()
    environment = child_environment(
        aws_environment(settings) | {variable("home"): str(home), "PYTHONUNBUFFERED": "1"}
    )
    return (
        _emulator(settings, home),
        _warehouse(settings, environment),
        _poller(settings, environment),
    )


def _emulator(settings: Settings, home: Path) -> Service:
    """Return the emulator: on loopback, without its MQTT listener, state saved on SIGTERM."""
    port = urlsplit(str(settings.endpoint_url)).port or 4566
    state = {
        "BIND_HOST": _LOOPBACK,
        "IOT_MTLS_ENABLED": "0",
        "GATEWAY_PORT": str(port),
        "PERSIST_STATE": "1",
        "STATE_DIR": str(_state(home)),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(home / "aws" / "s3"),
        "MINISTACK_REGION": settings.region,
        "LOG_LEVEL": "WARNING",
    }
    return Service(
        name="aws",
        command=(sys.executable, "-m", "ecom_pipeline.local.emulator"),
        environment=child_environment(state),
        ready=lambda: _healthy(f"http://{_LOOPBACK}:{port}"),
        port=port,
    )


def _state(home: Path) -> Path:
    """Return the directory in which the emulator saves all but S3 when it is stopped."""
    return home / "aws" / "state"


def _healthy(url: str) -> bool:
    try:
        return requests.get(f"{url}/_ministack/health", timeout=2).ok
    except requests.RequestException:
        return False


def _warehouse(settings: Settings, environment: dict[str, str]) -> Service:
    command = (sys.executable, "-m", "ecom_pipeline.local.redshift")
    options = ("--home", str(settings.home.resolve() / "redshift"))
    options += ("--port", str(settings.redshift_port), "--region", settings.region)
    options += ("--s3-endpoint", str(settings.endpoint_url))
    return Service(
        name="redshift",
        command=command + options,
        environment=environment,
        ready=lambda: processes.answers(settings.redshift_port),
        port=settings.redshift_port,
    )


def _poller(settings: Settings, environment: dict[str, str]) -> Service:
    command = (sys.executable, "-m", "ecom_pipeline.local.poller")
    options = ("--endpoint-url", str(settings.endpoint_url), "--region", settings.region)
    options += ("--home", str(settings.home.resolve()))
    return Service(
        name="poller", command=command + options, environment=environment, ready=lambda: True
    )
