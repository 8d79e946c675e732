"""The module that Dagster loads: the code location, with this process's settings."""

from ecom_pipeline import settings
from ecom_pipeline.orchestration.code_location import build

__all__ = ["build", "defs"]

defs = build(settings.load())
