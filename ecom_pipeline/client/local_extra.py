"""Functions of the local AWS, looked up by entry point, so that the product does not import it.

The extra `local` installs them, by the entry points of pyproject.toml; without it they are None.
"""

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

from ecom_pipeline.settings import Settings

HOW_TO_INSTALL = "pip install 'ecom-pipeline[local]', or make setup"


def ports() -> Callable[[Settings], list[Any]] | None:
    """Return the function that checks the ports of the local AWS (list of health/finding.py)."""
    return _loaded("ports")


def running() -> Callable[[Settings], dict[str, bool]] | None:
    """Return the function that returns whether each service of the local AWS is running."""
    return _loaded("running")


def lag() -> Callable[[Settings, str], float] | None:
    """Return the function of a consumer's lag: the age of its oldest open event, in seconds."""
    return _loaded("lag")


def _loaded(name: str) -> Any:
    for point in entry_points(group="ecom_pipeline.local", name=name):
        try:
            return point.load()
        except ModuleNotFoundError as error:
            if str(error.name).startswith("ecom_pipeline"):
                raise  # the project's own module is broken; the extra is not just missing
    return None
