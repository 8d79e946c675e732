"""Ways from days of raw objects to their CSV: `python -m bench.contenders WAY DAY...`.

All read the same objects from S3 and put their CSV there; the environment says which S3. What each
leaves out of ours is said at its function. A way is timed from outside, by bench/engines.py.
"""

import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from isal import igzip

from ecom_pipeline import settings
from ecom_pipeline.batch import connect
from ecom_pipeline.batch.lake import Lake
from ecom_pipeline.domain import keys
from ecom_pipeline.settings import Settings

_EVENTS_A_FILE = 10  # what the original's consumer gets at once from a producer of ten a second
_ORIGINAL = "original/"


def bodies(lake: Lake, day: date) -> Iterator[bytes]:
    """Yield a day's raw objects, as they lie there."""
    for found in lake.raw_objects(day):
        yield lake.s3.get_object(Bucket=lake.raw_bucket, Key=found.key)["Body"].read()


def put(lake: Lake, way: str, day: date, body: bytes) -> None:
    """Put a day's CSV where nothing of ours is."""
    lake.s3.put_object(Bucket=lake.csv_bucket, Key=f"bench/{way}/{day}.csv.gz", Body=body)


def limit(configured: Settings, days: Iterable[date]) -> None:
    """Read, gunzip, parse each line with the fastest parser, gzip what comes out, write. No more.

    The text of the output is read from the CSV that ours left there.
    """
    lake = connect.lake(configured)
    decode = msgspec.json.Decoder().decode
    for day in days:
        for body in bodies(lake, day):
            for line in igzip.decompress(body).splitlines():
                decode(line)
        text = b"".join(
            igzip.decompress(lake.s3.get_object(Bucket=lake.csv_bucket, Key=key)["Body"].read())
            for key in lake.csv_part_keys(day)
        )
        put(lake, "limit", day, igzip.compress(text, 2))


def pandas(configured: Settings, days: Iterable[date]) -> None:
    """Do it as most would: json_normalize, to_datetime, drop_duplicates, to_csv.

    No checks, no quarantine, floats for money, no digests.
    """
    import numpy as np  # noqa: PLC0415 - the other ways are not to pay for it
    import pandas as pd  # noqa: PLC0415

    lake = connect.lake(configured)
    for day in days:
        lines = [line for body in bodies(lake, day) for line in igzip.decompress(body).splitlines()]
        frame = pd.json_normalize([json.loads(line)["event"] for line in lines])
        frame = frame.drop_duplicates("event_id")
        frame["InvoiceDate"] = pd.to_datetime(frame["InvoiceDate"], format="%m/%d/%Y %H:%M")
        frame["amount"] = frame["Quantity"] * frame["UnitPrice"]
        frame["kind"] = np.where(frame["InvoiceNo"].str.startswith("C"), "cancellation", "sale")
        body = io.BytesIO()
        frame.to_csv(body, index=False, compression={"method": "gzip", "compresslevel": 6})
        put(lake, "pandas", day, body.getvalue())


def original(configured: Settings, days: Iterable[date]) -> None:
    """Go the original's way: all objects to disk, a jq process for each, all CSV up again.

    With this client instead of two `aws s3 sync`, which take longer.
    """
    lake = connect.lake(configured)
    columns = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
    program = f".[] | [{', '.join(f'.{name}' for name in columns.split(','))}] | @csv"
    for day in days:
        with tempfile.TemporaryDirectory() as folder:
            for found in lake.objects(f"{_ORIGINAL}{day}/"):
                path = Path(folder) / found.key.rpartition("/")[2]
                path.write_bytes(lake.read_raw(found.key) or b"")
            for path in sorted(Path(folder).glob("*.json")):
                command = ["jq", "-r", program, str(path)]
                ran = subprocess.run(command, check=True, capture_output=True)  # noqa: S603
                key = f"bench/original/{day}/{path.stem}.csv"
                lake.s3.put_object(Bucket=lake.csv_bucket, Key=key, Body=ran.stdout)


def write_original(lake: Lake, day: date) -> int:
    """Put a day's events as the original's consumer leaves them; return how many files."""
    lines = [line for body in bodies(lake, day) for line in igzip.decompress(body).splitlines()]
    events = [json.loads(line)["event"] for line in lines]
    files = range(0, len(events), _EVENTS_A_FILE)
    for number in files:
        body = json.dumps(events[number : number + _EVENTS_A_FILE]).encode()
        lake.put(f"{_ORIGINAL}{day}/{number:06d}.json", body)
    return len(files)


def forget(lake: Lake, days: Iterable[date]) -> None:
    """Take days out of the CSV, so that the next way finds none."""
    for day in days:
        lake.remove_parts([*lake.csv_part_keys(day), keys.manifest_key(day)])


def python(configured: Settings, days: Iterable[date]) -> None:
    """Run our reference."""
    from ecom_pipeline.batch.engines.python_engine import PythonEngine  # noqa: PLC0415

    _drain(PythonEngine(configured).build(list(days)))


def processes(configured: Settings, days: Iterable[date]) -> None:
    """Run our default engine."""
    from ecom_pipeline.batch.engines.process_engine import ProcessEngine  # noqa: PLC0415

    _drain(ProcessEngine(configured).build(list(days)))


def spark(configured: Settings, days: Iterable[date]) -> None:
    """Run our rules over a local Spark."""
    from ecom_pipeline.batch.engines.spark_engine import SparkEngine  # noqa: PLC0415

    _drain(SparkEngine(configured).build(list(days)))


def _drain(built: Iterable[Any]) -> None:
    for _ in built:
        pass


WAYS: dict[str, Callable[[Settings, Iterable[date]], None]] = {
    each.__name__: each for each in (limit, pandas, original, python, processes, spark)
}

if __name__ == "__main__":
    WAYS[sys.argv[1]](settings.load(), [date.fromisoformat(day) for day in sys.argv[2:]])
