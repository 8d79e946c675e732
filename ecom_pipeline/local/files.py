"""Directories of the checkout that the local AWS needs; the wheel has copies in this package."""

from importlib.resources import files
from pathlib import Path

_CARRIED = Path(str(files("ecom_pipeline.local"))) / "carried"  # pyproject.toml: force-include


def folder(name: str) -> Path:
    """Return the path of `infra` or `web`, in the wheel or in the checkout."""
    carried = _CARRIED / name
    return carried if carried.exists() else _CARRIED.parents[2] / name
