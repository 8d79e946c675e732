"""The drill's events: generate them, post them, and deliver them to the consumers' handlers.

Posting runs the ingest handler in this process. It puts the records on the local system's stream,
which the deployed consumers read.
"""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import msgspec

from ecom_pipeline.domain import envelope
from ecom_pipeline.domain.envelope import Accepted
from ecom_pipeline.local import waiting
from ecom_pipeline.local.drill.functions import STREAM, logged
from ecom_pipeline.local.poller.records import Origin, Record, event, record
from ecom_pipeline.realtime import ingest
from ecom_pipeline.settings import ACCOUNT_LOCAL, Settings

Event = dict[str, Any]

_ARRIVED = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
_NUMBERS = itertools.count(1)
_GOODS = (("85123A", "WHITE HANGING HEART"), ("22423", "REGENCY CAKESTAND"), ("71053", None))


@dataclass(frozen=True, slots=True)
class Told:
    """An API response."""

    status: int
    headers: Mapping[str, str]
    results: Sequence[Mapping[str, str]]


class Producer:
    """Posts events to the ingest handler, and waits until both consumers have processed them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._last: dict[str, str] = {}

    def post(self, events: Sequence[Event], context: object = None) -> Told:
        """Post events in one request."""
        headers = {"Content-Type": "application/json"}
        asked = {"headers": headers, "body": json.dumps(list(events))}
        with logged(self._settings):
            answer = ingest.handler(asked, context)
        results = json.loads(answer["body"]).get("results", [])
        for each in results:
            if each["status"] == "accepted":
                self.note(each["shard"], each["sequence"])
        return Told(answer["statusCode"], answer["headers"], results)

    def note(self, shard: str, sequence: str) -> None:
        """Add a record's sequence number to those that `settle` waits for."""
        self._last[shard] = max(sequence, self._last.get(shard, "0"), key=int)

    def settle(self) -> None:
        """Wait until both consumers have processed all that was posted."""
        waiting.wait_for(self._settings, self._last)
        self._last.clear()


def payload(random: Random, day: date, **changes: object) -> Event:
    """Generate an event of a day, with a unique id and invoice number."""
    number = next(_NUMBERS)
    code, description = random.choice(_GOODS)
    made: Event = {
        "event_id": f"drill-{number}",
        "InvoiceNo": f"{random.choice(('', '', '', 'C'))}{900_000 + number}",
        "StockCode": code,
        "Description": description,
        "Quantity": random.choice((1, 2, 6, 12, 144)),
        "InvoiceDate": moment(day, f"{random.randint(8, 19)}:{random.randint(0, 59):02d}"),
        "UnitPrice": random.randint(1, 99_999) / 1000,
        "CustomerID": random.choice((str(random.randint(12_000, 18_000)), None)),
        "Country": random.choice(("United Kingdom", "EIRE")),
    }
    if made["InvoiceNo"].startswith("C"):
        made["Quantity"] *= -1
    return made | changes


def moment(day: date, clock: str) -> str:
    """Return a local time of the shop in the data set's format."""
    return f"{day.month}/{day.day}/{day.year} {clock}"


def sent(made: Event) -> bytes:
    """Return an event's bytes as a producer sends them."""
    return json.dumps(made).encode()


def encoded(made: Event) -> bytes:
    """Return the record that ingest makes of an event."""
    original = msgspec.Raw(sent(made))
    return envelope.encode(
        Accepted(
            event_id=made["event_id"], id_source="producer", received_at=_ARRIVED, event=original
        )
    )


def records(events: Sequence[Event], region: str) -> list[Record]:
    """Return events as Kinesis records, with unique sequence numbers."""
    arn = f"arn:aws:kinesis:{region}:{ACCOUNT_LOCAL}:stream/{STREAM}"
    origin = Origin(shard="shardId-drill", stream_arn=arn, role_arn="")
    return [
        record(
            {
                "Data": encoded(made),
                "PartitionKey": made["InvoiceNo"],
                "SequenceNumber": str(next(_NUMBERS)),
                "ApproximateArrivalTimestamp": _ARRIVED,
            },
            origin,
        )
        for made in events
    ]


def delivery(batch: Sequence[Record]) -> dict[str, Any]:
    """Return records as the payload of Lambda's event source mapping."""
    return json.loads(event(batch))
