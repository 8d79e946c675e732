"""Folders of the checkout that the local AWS needs; the wheel carries them within this package."""

from importlib.resources import files
from pathlib import Path

_CARRIED = Path(str(files("ecom_pipeline.local"))) / "carried"  # pyproject.toml: force-include


def folder(name: str) -> Path:
    """Return `infra` or `web`, of the checkout or of the wheel."""
    carried = _CARRIED / name
    return carried if carried.exists() else _CARRIED.parents[2] / name
