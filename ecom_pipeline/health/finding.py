"""What a check found, and what is to do about it."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "missing"]


@dataclass(frozen=True, slots=True)
class Check:
    """One check: `missing` stops the pipeline, `warning` only what the text names."""

    name: str
    state: State
    found: str
    todo: str = ""
