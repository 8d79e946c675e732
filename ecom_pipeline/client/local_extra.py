"""What only the local AWS itself can tell, of which the product knows no more than the names.

The extra `local` brings it, by the entry points of pyproject.toml; without it there is None.
"""

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

from ecom_pipeline.settings import Settings

HOW_TO_INSTALL = "pip install 'ecom-pipeline[local]', or make setup"


def ports() -> Callable[[Settings], list[Any]] | None:
    """Return what checks who has the ports of the local AWS (health/finding.py)."""
    return _loaded("ports")


def running() -> Callable[[Settings], dict[str, bool]] | None:
    """Return what tells of each service of the local AWS whether it runs."""
    return _loaded("running")


def lag() -> Callable[[Settings, str], float] | None:
    """Return what gives a consumer's lag: the age of its oldest open event, in seconds."""
    return _loaded("lag")


def _loaded(name: str) -> Any:
    for point in entry_points(group="ecom_pipeline.local", name=name):
        try:
            return point.load()
        except ModuleNotFoundError as error:
            if str(error.name).startswith("ecom_pipeline"):
                raise  # ours is broken, not left out
    return None
