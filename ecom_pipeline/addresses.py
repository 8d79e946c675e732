"""Where the API of an environment answers, for its producers and for its staff."""

from ecom_pipeline import settings
from ecom_pipeline.local import stack
from ecom_pipeline.replay.api import Target
from ecom_pipeline.settings import Settings, SettingsError
from ecom_pipeline.staff import ServiceDesk


def producer(configured: Settings, url: str | None = None) -> Target:
    """Return where to post events: `url`, else the environment's own."""
    api_url, key = url or configured.api_url, settings.api_key()
    if api_url is None or key is None:
        _needs(configured, "api_url", "api_key")
        address = stack.address(configured)
        api_url, key = api_url or address.url, key or address.api_key
    return Target(url=api_url, api_key=key)


def service_desk(configured: Settings) -> ServiceDesk:
    """Return where staff ask."""
    if configured.api_url is not None:
        return ServiceDesk(configured.api_url, configured)
    _needs(configured, "api_url")
    return ServiceDesk(stack.address(configured).url, configured)


def _needs(configured: Settings, *fields: str) -> None:
    if configured.environment != settings.LOCAL.environment:
        wanted = " and ".join(settings.variable(field) for field in fields)
        raise SettingsError(f"set {wanted} (infra/ outputs them)")
