"""A timeout for each store: one slow store does not delay the others."""

from collections.abc import Callable
from threading import Thread
from typing import TypeVar

T = TypeVar("T")

SECONDS = 20


def answer(call: Callable[[], T], late: T, seconds: float = SECONDS) -> T:
    """Return the result of a call or raise its exception; return `late` after `seconds` seconds.

    The call's daemon thread then continues until the process ends: a driver that is blocked on the
    network cannot be interrupted.
    """
    answers: list[T] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            answers.append(call())
        except Exception as error:  # noqa: BLE001 - raised again in the calling thread
            errors.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    return answers[0] if answers else late
