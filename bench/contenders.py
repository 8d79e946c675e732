"""Ways from raw objects to CSV, each a program: `python -m bench.contenders WAY FOLDER DAY...`.

The directory has a day's raw objects as S3 has them, so that the figures exclude the emulator; the
CSV is written beside them. What a way omits is in its docstring; bench/engines.py measures it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import cache, partial
from itertools import count, repeat
from pathlib import Path

import msgspec
from isal import igzip, isal_zlib

from ecom_pipeline.domain import ndjson
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.lake.flatten import GZIP_LEVEL, Line, flatten
from ecom_pipeline.lake.rows import CachingReader, Reader, reference

# The original's producer waits a third of a second for each response, and its consumer polls every
# second: three events a file. At a real shop's rate it is one.
_EVENTS_A_FILE = 3
_RAW, _META, _ORIGINAL = "*.jsonl.gz", ".meta", "*.original.json"


def download(lake: Lake, days: Iterable[date], folder: Path) -> None:
    """Download days' raw objects, with their metadata, into a directory."""
    for day in days:
        (folder / str(day)).mkdir()
        for found in lake.raw.objects_of(day):
            answer = lake.s3.get_object(Bucket=lake.raw.name, Key=found.key)
            path = folder / str(day) / found.key.rpartition("/")[2]
            path.write_bytes(answer["Body"].read())
            path.with_suffix(_META).write_bytes(msgspec.json.encode(answer["Metadata"]))


def write_original(folder: Path, day: date) -> int:
    """Write a day's events as the original's consumer writes them; return how many files."""
    events = [json.loads(line)["event"] for line in _lines(folder, day)]
    files = range(0, len(events), _EVENTS_A_FILE)
    for number in files:
        path = folder / str(day) / f"{number:06d}.original.json"
        path.write_text(json.dumps(events[number : number + _EVENTS_A_FILE]))
    return len(files)


def _lines(folder: Path, day: date) -> Iterator[bytes]:
    for path in sorted((folder / str(day)).glob(_RAW)):
        yield from igzip.decompress(path.read_bytes()).splitlines()


def limit(folder: Path, days: Iterable[date]) -> None:
    """Read, gunzip, parse each line with the fastest parser, gzip the output, write. Nothing else.

    The text of the output is read from the CSV that our engine has written there.
    """
    decode = msgspec.json.Decoder().decode
    for day in days:
        for line in _lines(folder, day):
            decode(line)
        text = igzip.decompress((folder / str(day) / "ours.csv.gz").read_bytes())
        (folder / str(day) / "limit.csv.gz").write_bytes(igzip.compress(text, GZIP_LEVEL))


def pandas(folder: Path, days: Iterable[date]) -> None:
    """Do it with the usual pandas calls: json_normalize, to_datetime, drop_duplicates, to_csv.

    No checks, no quarantine, floats for money, no digests.
    """
    import numpy as np  # noqa: PLC0415 - not imported for the other ways
    import pandas as pd  # noqa: PLC0415

    for day in days:
        frame = pd.json_normalize([json.loads(line)["event"] for line in _lines(folder, day)])
        frame = frame.drop_duplicates("event_id")
        frame["InvoiceDate"] = pd.to_datetime(frame["InvoiceDate"], format="%m/%d/%Y %H:%M")
        frame["amount"] = frame["Quantity"] * frame["UnitPrice"]
        frame["kind"] = np.where(frame["InvoiceNo"].str.startswith("C"), "cancellation", "sale")
        frame.to_csv(folder / str(day) / "pandas.csv.gz", index=False, compression="gzip")


def original(folder: Path, days: Iterable[date]) -> None:
    """Run a jq process for each file, as the original does, without its `aws s3 sync`."""
    columns = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
    program = f".[] | [{', '.join(f'.{name}' for name in columns.split(','))}] | @csv"
    for day in days:
        for path in sorted((folder / str(day)).glob(_ORIGINAL)):
            with path.with_suffix(".csv").open("wb") as out:
                subprocess.run(["jq", "-r", program, path], check=True, stdout=out)  # noqa: S603, S607


def python(folder: Path, days: Iterable[date]) -> None:
    """Run our reference engine in one process."""
    for day in days:
        _flatten(folder, reference, day)


def processes(folder: Path, days: Iterable[date]) -> None:
    """Run our rules as the default engine does: a process a core, or this one for a few days."""
    todo = list(days)
    cores = len(os.sched_getaffinity(0))
    if len(todo) == 1:
        _remembering(folder, todo[0])
        return
    with ProcessPoolExecutor(cores) as pool:
        list(pool.map(partial(_remembering, folder), todo))


@cache
def _memory() -> CachingReader:
    return CachingReader()


def _remembering(folder: Path, day: date) -> None:
    _flatten(folder, _memory(), day)


def _flatten(folder: Path, read: Reader, day: date) -> None:
    flat = flatten(_records(folder, day), day, read=read)
    (folder / str(day) / "ours.csv.gz").write_bytes(flat.csv)


def _records(folder: Path, day: date) -> Iterator[Line]:
    """Yield a day's lines, each object verified against its metadata."""
    for path in sorted((folder / str(day)).glob(_RAW)):
        metadata = msgspec.json.decode(path.with_suffix(_META).read_bytes(), type=dict[str, str])
        lines = ndjson.unpack(path.name, path.read_bytes(), metadata, isal_zlib)
        yield from zip(lines, repeat(path.name), count(1), strict=False)


WAYS: dict[str, Callable[[Path, Iterable[date]], None]] = {
    each.__name__: each for each in (limit, pandas, original, python, processes)
}

if __name__ == "__main__":
    WAYS[sys.argv[1]](Path(sys.argv[2]), [date.fromisoformat(day) for day in sys.argv[3:]])
