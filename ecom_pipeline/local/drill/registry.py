"""What a fault is, the list of all, and the error of an invariant that did not hold."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import getdoc
from typing import Any

Inject = Callable[[Any], str]  # of a world.TestSystem, which needs this module


class DrillError(AssertionError):
    """Something that must hold whatever happens did not."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A way to do harm: `inject` does it, checks what must hold, and says what was seen."""

    name: str
    group: str
    description: str
    inject: Inject


ALL: list[Fault] = []


def fault(group: str) -> Callable[[Inject], Inject]:
    """Register a function as a fault, named and described by its own name and docstring."""

    def register(inject: Inject) -> Inject:
        ALL.append(fault_of(group, inject))
        return inject

    return register


def fault_of(group: str, inject: Inject) -> Fault:
    """Return a function as a fault."""
    name = getattr(inject, "__name__", "").replace("_", " ")
    return Fault(name, group, (getdoc(inject) or "").splitlines()[0], inject)


def require(holds: object, otherwise: str) -> None:
    """Raise DrillError, saying what is wrong, unless something holds."""
    if not holds:
        raise DrillError(otherwise)
