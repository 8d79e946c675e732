"""The type of a fault, the registry of all faults, and the error of a broken invariant."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import getdoc
from typing import Any

Inject = Callable[[Any], str]  # argument: a system.SystemUnderTest, whose module imports this one


class DrillError(AssertionError):
    """An invariant that does not hold."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault: `inject` injects it, checks its invariants, and returns what happened."""

    name: str
    group: str
    description: str
    inject: Inject


ALL: list[Fault] = []


def fault(group: str) -> Callable[[Inject], Inject]:
    """Register a function as a fault; its name and its docstring's first line describe it."""

    def register(inject: Inject) -> Inject:
        ALL.append(fault_of(group, inject))
        return inject

    return register


def fault_of(group: str, inject: Inject) -> Fault:
    """Return a function as a fault."""
    name = getattr(inject, "__name__", "").replace("_", " ")
    return Fault(name, group, (getdoc(inject) or "").splitlines()[0], inject)


def require(holds: object, otherwise: str) -> None:
    """Raise DrillError with the text `otherwise` unless `holds` is true."""
    if not holds:
        raise DrillError(otherwise)
