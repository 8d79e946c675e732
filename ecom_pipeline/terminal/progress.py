"""The progress of a long command: a bar on a terminal, elsewhere a line every ten seconds."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress

EVERY = 10.0  # seconds between lines


@contextmanager
def progress(
    what: str, total: int | None, console: Console, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[int], None]]:
    """Show how far a command is; the function yielded takes the number of things just done."""
    if not console.is_terminal:
        yield _Lines(what, total, console, clock).advance
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)


class _Lines:
    def __init__(
        self, what: str, total: int | None, console: Console, clock: Callable[[], float]
    ) -> None:
        self._what, self._total, self._console, self._clock = what, total, console, clock
        self._done, self._due = 0, clock() + EVERY

    def advance(self, count: int) -> None:
        self._done += count
        now = self._clock()
        if now < self._due:
            return
        self._due = now + EVERY
        of = f" of {self._total:,} ({self._done / self._total:.0%})" if self._total else ""
        self._console.print(f"{self._what}: {self._done:,}{of}", highlight=False, soft_wrap=True)
