"""Partition a large day's lines into its parts through temporary files, to bound memory."""

import tempfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import BinaryIO
from zlib import crc32

import msgspec

from ecom_pipeline.lake.flatten import Line


class _Id(msgspec.Struct):
    event_id: str = ""


_DECODER = msgspec.json.Decoder(_Id)


def part_of(data: bytes, parts: int) -> int:
    """Return the part number of a line: a hash of its event id; 0 when it has no readable id."""
    try:
        event_id = _DECODER.decode(data).event_id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return 0
    return crc32(event_id.encode(errors="replace")) % parts


@contextmanager
def spread(lines: Iterable[Line], parts: int) -> Generator[Sequence[Iterable[Line]]]:
    """Yield each part's lines, in their original order; a day of one part needs no files."""
    if parts == 1:
        yield [lines]
        return
    with ExitStack() as opened:
        files = [opened.enter_context(tempfile.TemporaryFile()) for _ in range(parts)]
        for data, key, number in lines:
            prefix = f"{key} {number} ".encode()
            files[part_of(data, parts)].write(b"%b%b\n" % (prefix, data))
        yield [_lines(file) for file in files]


def _lines(file: BinaryIO) -> Iterator[Line]:
    file.seek(0)
    for written in file:
        key, number, data = written.removesuffix(b"\n").split(b" ", 2)
        yield data, key.decode(), int(number)
