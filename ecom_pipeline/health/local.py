"""What only the local AWS itself can tell, of which the product knows no more than the names.

The extra `local` brings it, by the entry points of pyproject.toml; without it there is None.
"""

from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import entry_points
from typing import Any

from ecom_pipeline.health.finding import Check
from ecom_pipeline.settings import Settings

HOW_TO_INSTALL = "pip install 'ecom-pipeline[local]'"


def ports() -> Callable[[Settings], list[Check]] | None:
    """Return what says who has the ports of the local AWS."""
    return _loaded("ports")


def stopped() -> Callable[[Settings], list[str]] | None:
    """Return what names the services of the local AWS that do not run."""
    return _loaded("stopped")


def lag() -> Callable[[Settings, str], float] | None:
    """Return what gives a consumer's lag: the age of its oldest open event, in seconds."""
    return _loaded("lag")


def _loaded(name: str) -> Any:
    for point in entry_points(group="ecom_pipeline.health.local", name=name):
        with suppress(ModuleNotFoundError):
            return point.load()
    return None
