"""Write a data set into the raw lake in the archive function's format, without API and stream.

Each day is distributed over several objects, and some records are duplicated, as by redelivery.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from ecom_pipeline.domain import envelope, keys
from ecom_pipeline.domain.envelope import Accepted
from ecom_pipeline.domain.event import EVENT_ID
from ecom_pipeline.lake.buckets import Lake

OBJECTS_A_DAY = 3
_ARRIVED = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)  # for equal bytes
_AGAIN_EVERY = 500  # one record of 500 is delivered again, in the day's last object
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def write_raw(lake: Lake, events: Iterable[tuple[int, Mapping[str, Any]]]) -> dict[date, int]:
    """Write events as their days' raw objects and return how many records each day got."""
    days: dict[date, list[Accepted]] = defaultdict(list)
    for _, event in events:
        record = Accepted(
            event_id=event[EVENT_ID],
            id_source="producer",
            received_at=_ARRIVED,
            event=msgspec.Raw(_ENCODER.encode(event)),
        )
        days[envelope.line_of(record).invoice_date].append(record)
    with ThreadPoolExecutor(4) as pool:
        written = pool.map(lambda day: _write_day(lake, day, days[day]), days)
        return dict(zip(days, written, strict=True))


def _write_day(lake: Lake, day: date, records: list[Accepted]) -> int:
    again = records[::_AGAIN_EVERY]
    objects = [records[number::OBJECTS_A_DAY] for number in range(OBJECTS_A_DAY)]
    objects[-1] += again
    for number, content in enumerate(objects, 1):
        if content:
            lake.raw.write_records(keys.raw_key(day, "0", str(number), str(number)), content)
    return len(records) + len(again)
