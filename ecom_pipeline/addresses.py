"""Where the API of an environment answers, for its producers and for its staff."""

from ecom_pipeline import settings
from ecom_pipeline.local import stack, tokens
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
    """Return where staff ask, with ECOM_STAFF_TOKEN; locally a token is made on the spot."""
    url, token = configured.api_url, settings.staff_token()
    if url is None or token is None:
        _needs(configured, "api_url", "staff_token")
        url = url or stack.address(configured).url
        token = token or tokens.for_staff(configured)
    return ServiceDesk(url, token)


def _needs(configured: Settings, *fields: str) -> None:
    if configured.environment != settings.LOCAL.environment:
        wanted = " and ".join(settings.variable(field) for field in fields)
        raise SettingsError(f"set {wanted} (docs/deploy.md says where they come from)")
