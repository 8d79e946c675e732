"""A timeout for each store: one slow store does not delay the others."""

from collections.abc import Callable
from threading import Thread
from typing import TypeVar

T = TypeVar("T")

SECONDS = 20


def answer(call: Callable[[], T], late: T, seconds: float = SECONDS) -> T:
    """Return what a call returns or raise what it raises; `late` when it takes longer.

    Its thread is left behind and ends with the process: a driver that waits for a silent host
    can't be told to stop.
    """
    answers: list[T] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            answers.append(call())
        except Exception as error:  # noqa: BLE001 - raised in the thread that asked
            errors.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    return answers[0] if answers else late
