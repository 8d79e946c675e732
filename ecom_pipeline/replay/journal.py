"""The checkpoint file of a replay: acknowledged batches, so that an interrupted replay resumes.

It stores batch numbers only; the replay's identity (sender.py) determines a batch's content.
"""

import hashlib
from pathlib import Path
from types import TracebackType
from typing import IO


class Journal:
    """The acknowledged batches of the replay `identity`, in a separate file in `folder`.

    Each is one appended line. A line truncated by a crash is ignored: its batch is sent again,
    which is idempotent. Without a folder nothing is stored.
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
        """Record that this batch is acknowledged and need not be sent again."""
        if self._lines is not None:
            self._lines.write(b"%d\n" % batch)
            self._lines.flush()

    def complete(self) -> None:
        """Delete the file: the next replay sends everything again."""
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
