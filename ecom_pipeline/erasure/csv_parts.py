"""Find a customer's rows in the days' CSV; a rebuild of the day removes them."""

import csv
import gzip
import io
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.columns import CSV_HEADER
from ecom_pipeline.domain.ndjson import DamagedObjectError
from ecom_pipeline.lake.buckets import Lake, ObjectBody

_CUSTOMER = CSV_HEADER.index("customer_id")
_AT_ONCE = 8


def rows(lake: Lake, customer_id: str) -> dict[date, int]:
    """Return the number of a customer's rows by day, in all parts, committed or not."""

    def look(day: date) -> int:
        bodies = ((key, lake.csv.read(key)) for key in lake.csv.part_keys(day))
        return sum(count(_unpacked(key, each), customer_id) for key, each in bodies if each)

    days = lake.csv.days()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = dict(zip(days, pool.map(look, days), strict=True))
    return {day: number for day, number in found.items() if number}


def _unpacked(key: str, found: ObjectBody) -> bytes:
    try:
        return gzip.decompress(found.body)
    except (OSError, EOFError, zlib.error) as error:
        day = keys.day_of(key)
        raise DamagedObjectError(f"{key}: {error}; rebuild the day (ecom load {day})") from error


def count(text: bytes, customer_id: str) -> int:
    """Return the number of a customer's rows in a CSV (uncompressed bytes)."""
    if customer_id.encode() not in text:
        return 0
    every = csv.reader(io.StringIO(text.decode(), newline=""))
    return sum(row[_CUSTOMER] == customer_id for row in every if len(row) > _CUSTOMER)
