"""Which batches of a replay were acknowledged, on disk, so that an interrupted one goes on.

It knows numbers only; what a batch holds is settled by the replay's identity (sender.py).
"""

import hashlib
from pathlib import Path
from types import TracebackType
from typing import IO


class Journal:
    """The acknowledged batches of the replay called `identity`: a file of its own in `folder`.

    Each is one appended line. A line that a crash cut short is forgotten: its batch is sent again,
    which is safe. Without a folder nothing is remembered.
    """

    def __init__(self, folder: Path | None, identity: str) -> None:
        self.done: frozenset[int] = frozenset()
        self._path: Path | None = None
        self._lines: IO[bytes] | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            name = hashlib.sha256(identity.encode()).hexdigest()[:32]
            self._path = folder / f"replay-{name}.journal"
            self._lines = self._path.open("a+b")
            self._recover(self._lines, identity)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._lines is not None:
            self._lines.close()

    def acknowledge(self, batch: int) -> None:
        """Remember that this batch needs not be sent again."""
        if self._lines is not None:
            self._lines.write(b"%d\n" % batch)
            self._lines.flush()

    def complete(self) -> None:
        """Forget the replay: the next one sends everything again."""
        if self._path is not None and self._lines is not None:
            self._lines.close()
            self._path.unlink(missing_ok=True)

    def _recover(self, lines: IO[bytes], identity: str) -> None:
        lines.seek(0)
        whole = lines.read().rpartition(b"\n")[0].splitlines()
        if whole[:1] == [identity.encode()]:
            self.done = frozenset(int(line) for line in whole[1:] if line.isdigit())
            lines.truncate(sum(len(line) + 1 for line in whole))
        else:
            lines.truncate(0)
            lines.write(identity.encode() + b"\n")
            lines.flush()
