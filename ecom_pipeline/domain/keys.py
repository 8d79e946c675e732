"""Where an event lies in S3 and in DynamoDB: the only place that spells a key, both ways."""

import re
from datetime import date

from ecom_pipeline.domain.errors import EcomError

RAW = "raw/"
CSV = "csv/"
QUARANTINE = "quarantine/"
REPLAYED = "replayed/"
ERASED = "erased/"
SALT = f"{ERASED}salt"
REPORT = "reports/sales_report.html"

_DAY = re.compile(r"(?:invoice|received)_date=(\d{4}-\d{2}-\d{2})/")
_TRANSFORM_DAY = re.compile(r"/transform-(\d{4}-\d{2}-\d{2})(?:-\d+)?\.jsonl\.gz$")
_SEQUENCE_DIGITS = 56  # of Kinesis' longest sequence number: padded, keys sort as the stream does


class KeyFormatError(EcomError):
    """A key that this pipeline did not write."""


def raw_prefix(day: date) -> str:
    """Return the prefix of a day's raw objects; a new object under it is late data."""
    return f"{RAW}invoice_date={day.isoformat()}/"


def raw_key(day: date, shard: str, first: str, last: str) -> str:
    """Return the key of one Lambda batch's events of a day: a retry overwrites, never doubles."""
    return f"{raw_prefix(day)}{_batch(shard, first, last)}.jsonl.gz"


def quarantine_prefix(received: date) -> str:
    """Return the prefix of what was set aside on a day."""
    return f"{QUARANTINE}received_date={received.isoformat()}/"


def quarantine_key(received: date, shard: str, first: str, last: str) -> str:
    """Return the key of what one Lambda batch set aside."""
    return f"{quarantine_prefix(received)}{_batch(shard, first, last)}.jsonl.gz"


def transform_quarantine_key(received: date, day: date, part: int) -> str:
    """Return the key of what the rebuild of a day's part set aside; every rebuild overwrites it."""
    name = f"transform-{day.isoformat()}{f'-{part}' if part else ''}"
    return f"{quarantine_prefix(received)}{name}.jsonl.gz"


def conflict_key(received: date, event_id: str, digest: int) -> str:
    """Return the key of an event that came under a used id: whoever finds it writes the same."""
    return f"{quarantine_prefix(received)}conflict-{event_id}-{digest:012x}.jsonl.gz"


def transform_day_of(key: str) -> date | None:
    """Return the day whose rebuild set an object aside; None when something else did."""
    found = _TRANSFORM_DAY.search(key)
    return date.fromisoformat(found[1]) if found else None


def replayed_key(quarantined: str, part: str = "") -> str:
    """Return where a quarantined object's records go once the API took them.

    `part` names some of its records; without it they are all.
    """
    name = quarantined.removeprefix(QUARANTINE).removesuffix(".jsonl.gz")
    return f"{REPLAYED}{name}{f'-{part}' if part else ''}.jsonl.gz"


def tombstone_key(mode: str, digest: str) -> str:
    """Return the key of an erased customer's tombstone: a listing says all that a build needs."""
    return f"{ERASED}{mode}/{digest}.json"


def tombstone_of(key: str) -> tuple[str, str] | None:
    """Read a tombstone's mode and digest back from its key; None for the salt."""
    mode, _, name = key.removeprefix(ERASED).partition("/")
    return (mode, name.removesuffix(".json")) if name else None


def csv_prefix(day: date) -> str:
    """Return the prefix of a day's CSV partition."""
    return f"{CSV}invoice_date={day.isoformat()}/"


def csv_part_key(day: date, version: str, number: int) -> str:
    """Return the key of a part; the same build has the same `version`, and overwrites."""
    return f"{csv_prefix(day)}part-{version}-{number:05d}.csv.gz"


def manifest_key(day: date) -> str:
    """Return the key of the manifest, whose writing commits a day's CSV.

    The underscore hides it from Athena, Hive and Spark, which read all else under the prefix.
    """
    return f"{csv_prefix(day)}_manifest.json"


def copy_manifest_key(generation: int, number: int) -> str:
    """Return the key of the list of files that a load's COPY of that number reads."""
    return f"copy/{generation:012d}-{number}.manifest"


def day_of(key: str) -> date:
    """Read a key's day back, or raise KeyFormatError."""
    found = _DAY.search(key)
    if found is None:
        raise KeyFormatError(f"{key}: expected …_date=YYYY-MM-DD/ in the key")
    return date.fromisoformat(found[1])


def invoice_pk(invoice_no: str) -> str:
    """Return the partition key of an invoice's items."""
    return f"INVOICE#{invoice_no}"


def invoice_no_of(partition_key: str) -> str:
    """Read an invoice's number back from its partition key."""
    return partition_key.removeprefix("INVOICE#")


HEADER_SK = "HEADER"
LINE_SK = "LINE#"


def line_sk(event_id: str) -> str:
    """Return the sort key of a line."""
    return f"{LINE_SK}{event_id}"


def event_id_of(sort_key: str) -> str:
    """Read a line's event id back from its sort key."""
    if not sort_key.startswith(LINE_SK):
        raise KeyFormatError(f"{sort_key}: expected {LINE_SK}<event id>")
    return sort_key.removeprefix(LINE_SK)


def customer_key(customer_id: str) -> str:
    """Return the key of a customer in the index of their invoices."""
    return f"CUSTOMER#{customer_id}"


def customer_of(key: str) -> str:
    """Read a customer's id back from its key in the index."""
    return key.removeprefix("CUSTOMER#")


def customer_invoice_key(day: date, invoice_no: str) -> str:
    """Return an invoice's place among a customer's: by day, then by number."""
    return f"{day.isoformat()}#{invoice_no}"


def after_invoices_of(day: str) -> str:
    """Return the first place after all of a customer's invoices of a day ('$' follows '#')."""
    return f"{day}$"


def invoice_of(place: str) -> str:
    """Read an invoice's number back from its place among a customer's."""
    return place.rpartition("#")[2]


def _batch(shard: str, first: str, last: str) -> str:
    return f"{shard}-{first.zfill(_SEQUENCE_DIGITS)}-{last.zfill(_SEQUENCE_DIGITS)}"
