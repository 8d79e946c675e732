"""`ecom doctor`: the prerequisites of running the pipeline from here, and remedies."""

from ecom_pipeline import settings
from ecom_pipeline.client import endpoints, local_extra
from ecom_pipeline.health import access, machine
from ecom_pipeline.health.finding import Check
from ecom_pipeline.settings import Settings, SettingsError


def examine() -> list[Check]:
    """Check the machine, then the settings' environment."""
    found = [machine.python(), machine.packages(), *machine.programs(), *machine.groups()]
    try:
        configured = settings.load()
    except SettingsError as error:
        return [*found, Check("settings", "missing", "not complete", str(error))]
    found.append(Check("settings", "ok", f"{configured.environment}, {configured.region}"))
    return found + environment(configured)


def environment(configured: Settings) -> list[Check]:
    """Check the stores, and this machine's prerequisites for using them."""
    return _aws(configured) if configured.endpoint_url is None else _local(configured)


def _aws(configured: Settings) -> list[Check]:
    clock = machine.clock(f"https://sts.{configured.region}.amazonaws.com")
    who = access.identity(configured)
    return [clock, who, *(access.stores(configured) if who.state == "ok" else [])]


def _local(configured: Settings) -> list[Check]:
    """Check the local AWS's prerequisites, and its stores if any of its services is running."""
    found = [machine.disk(configured.home), *_ports(configured)]
    running = endpoints.local_services(configured)
    stopped = [name for name, runs in running.items() if not runs]
    if len(stopped) == len(running):
        return [*found, Check("local AWS", "warning", "does not run", "ecom local up")]
    if stopped:
        halted = f"{', '.join(stopped)} does not run"
        found.append(Check("local AWS", "missing", halted, "ecom local up"))
    if not running["aws"]:
        return found
    found.append(machine.clock(str(configured.endpoint_url)))
    return [*found, access.identity(configured), *access.stores(configured)]


def _ports(configured: Settings) -> list[Check]:
    look = local_extra.ports()
    if look is None:
        return [Check("ports", "warning", "not checked", local_extra.HOW_TO_INSTALL)]
    return look(configured)
