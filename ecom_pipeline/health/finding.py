"""The result of a health check, and its remedy."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "missing"]


@dataclass(frozen=True, slots=True)
class Check:
    """One check: with `missing` the pipeline cannot run, with `warning` only the named feature.

    `todo` is the remedy; empty if there is none.
    """

    name: str
    state: State
    found: str
    todo: str = ""
