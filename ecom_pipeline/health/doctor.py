"""What is missing to run the pipeline from here, and how to get it."""

from ecom_pipeline import settings
from ecom_pipeline.client import endpoints
from ecom_pipeline.health import access, local, machine
from ecom_pipeline.health.finding import Finding
from ecom_pipeline.settings import Settings, SettingsError


def examine() -> list[Finding]:
    """Check the machine, then the environment that the settings name."""
    found = [machine.python(), machine.packages(), *machine.programs(), *machine.groups()]
    try:
        configured = settings.load()
    except SettingsError as error:
        return [*found, Finding("settings", "missing", "not complete", str(error))]
    found.append(Finding("settings", "ok", f"{configured.environment}, {configured.region}"))
    return found + environment(configured)


def environment(configured: Settings) -> list[Finding]:
    """Check the stores, and what this machine must have to reach them."""
    return _aws(configured) if configured.endpoint_url is None else _local(configured)


def _aws(configured: Settings) -> list[Finding]:
    clock = machine.clock(f"https://sts.{configured.region}.amazonaws.com")
    who = access.identity(configured)
    return [clock, who, *(access.stores(configured) if who.state == "ok" else [])]


def _local(configured: Settings) -> list[Finding]:
    """Check what the local AWS needs, and its stores if any of it runs."""
    found = [machine.disk(configured.home), *_ports(configured)]
    running = endpoints.local_services(configured)
    if not running["aws"]:
        return [*found, Finding("local AWS", "warning", "does not run", "ecom local up")]
    if not running["redshift"]:
        found.append(Finding("local AWS", "missing", "redshift does not run", "ecom local up"))
    found.append(machine.clock(str(configured.endpoint_url)))
    return [*found, access.identity(configured), *access.stores(configured)]


def _ports(configured: Settings) -> list[Finding]:
    look = local.ports()
    if look is None:
        return [Finding("ports", "warning", "nobody looked", local.HOW_TO_INSTALL)]
    return look(configured)
