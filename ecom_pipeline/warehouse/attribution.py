"""Who publishes: recorded with each version of a day, with erasures, discards and repairs."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attribution:
    """The caller's identity, looked up when it is first recorded, and Dagster's run, if any.

    `requested_by` is what the run's tags say of its origin. Tags are claims: whoever can launch a
    run can set them.
    """

    caller: Callable[[], str] = lambda: "unknown"
    run_id: str = ""
    requested_by: str = ""

    def described(self) -> tuple[str, str | None, str | None]:
        """Return caller, run and request as the warehouse stores them, cut to its columns."""
        run, request = self.run_id or None, self.requested_by or None
        return cut(self.caller()), run, cut(request) if request else None


def cut(text: str) -> str:
    """Return a text of at most the bytes that its column has."""
    return text.encode()[:_BYTES].decode(errors="ignore")


_BYTES = 1024
UNKNOWN = Attribution()
