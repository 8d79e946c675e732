"""S3 and DynamoDB keys: the only module that formats and parses them."""

import re
from datetime import date

from ecom_pipeline.domain.errors import EcomError

RAW = "raw/"
CSV = "csv/"
QUARANTINE = "quarantine/"
REPLAYED = "replayed/"
DISCARDED, DISCARDS = "discarded/", "discards/"
ERASED = "erased/"
SALT = f"{ERASED}salt"
PLANS = "copy/plan-"
REPORT = "reports/sales_report.html"

_DAY = re.compile(r"(?:invoice|received)_date=(\d{4}-\d{2}-\d{2})/")
_DATE = r"\d{4}-\d{2}-\d{2}"
_DATA_OBJECT = re.compile(
    rf"(?:{RAW}invoice_date|(?:{QUARANTINE}|{REPLAYED}|{DISCARDED})received_date)={_DATE}/"
    r"[^/._][^/]*\.jsonl\.gz"
)
_TOMBSTONE = re.compile(rf"{ERASED}(delete|anonymise)/([0-9a-f]+)\.json")
_RETRACTION = re.compile(rf"{RAW}invoice_date={_DATE}/retraction-(\d{{6}})\.jsonl\.gz")
_CSV_PART = re.compile(rf"{CSV}invoice_date={_DATE}/part-[^/]+\.csv\.gz")
_TRANSFORM_DAY = re.compile(rf"/transform-({_DATE})(?:-\d+)?(?:-[0-9a-f]{{10}})?\.jsonl\.gz$")
_SEQUENCE_DIGITS = 56  # of Kinesis' longest sequence number; padded, so keys sort in stream order


class KeyFormatError(EcomError):
    """A key that does not have this pipeline's format."""


def raw_prefix(day: date) -> str:
    """Return the prefix of a day's raw objects; a new object under it is late data."""
    return f"{RAW}invoice_date={day.isoformat()}/"


def raw_key(day: date, shard: str, first: str, last: str) -> str:
    """Return the key of one Lambda batch's events of a day; a retry overwrites the object."""
    return f"{raw_prefix(day)}{_batch(shard, first, last)}.jsonl.gz"


def retraction_key(day: date, number: int) -> str:
    """Return the key of a day's retractions; `number` counts its writes, from 1."""
    return f"{raw_prefix(day)}retraction-{number:06d}.jsonl.gz"


def retraction_number(key: str) -> int | None:
    """Return the number in the key of retractions; None for any other key."""
    found = _RETRACTION.fullmatch(key)
    return int(found[1]) if found else None


def is_retraction(key: str) -> bool:
    """Return whether a raw object has retractions, not events."""
    return retraction_number(key) is not None


def quarantine_prefix(received: date) -> str:
    """Return the prefix of the records quarantined on a day."""
    return f"{QUARANTINE}received_date={received.isoformat()}/"


def quarantine_key(received: date, shard: str, first: str, last: str) -> str:
    """Return the key of the records that one Lambda batch quarantined."""
    return f"{quarantine_prefix(received)}{_batch(shard, first, last)}.jsonl.gz"


def transform_quarantine_key(received: date, day: date, part: int) -> str:
    """Return the key of a day's part's quarantined records; each rebuild overwrites it."""
    name = f"transform-{day.isoformat()}{f'-{part}' if part else ''}"
    return f"{quarantine_prefix(received)}{name}.jsonl.gz"


def conflict_key(received: date, event_id: str, digest: int) -> str:
    """Return the key of an event whose id is taken; each function that detects it uses this key."""
    return f"{quarantine_prefix(received)}conflict-{event_id}-{digest:012x}.jsonl.gz"


def transform_day_of(key: str) -> date | None:
    """Return the day whose rebuild wrote a quarantine object; None if a Lambda function did."""
    found = _TRANSFORM_DAY.search(key)
    return date.fromisoformat(found[1]) if found else None


def replayed_key(quarantined: str, part: str = "") -> str:
    """Return the key that a quarantine object's records move to once the API accepted them.

    `part`, ten hex digits, identifies a subset of its records; without it, all of them move.
    """
    return f"{REPLAYED}{moved(quarantined, part)}"


def tombstone_key(mode: str, digest: str) -> str:
    """Return the key of a tombstone; it holds mode and digest, so that a listing is enough."""
    return f"{ERASED}{mode}/{digest}.json"


def tombstone_of(key: str) -> tuple[str, str] | None:
    """Return the mode and the digest in a tombstone's key; None for any other key."""
    found = _TOMBSTONE.fullmatch(key)
    return (found[1], found[2]) if found else None


def is_erasure_object(key: str) -> bool:
    """Return whether a key is of a tombstone, or of their salt."""
    return key == SALT or tombstone_of(key) is not None


def csv_prefix(day: date) -> str:
    """Return the prefix of a day's CSV partition."""
    return f"{CSV}invoice_date={day.isoformat()}/"


def csv_part_key(day: date, version: str, number: int) -> str:
    """Return the key of a CSV part; an identical build has the same `version` and overwrites it."""
    return f"{csv_prefix(day)}part-{version}-{number:05d}.csv.gz"


def manifest_key(day: date) -> str:
    """Return the key of the manifest; putting it commits a day's CSV.

    The underscore hides it from Athena, Hive and Spark, which read all other objects under the
    prefix.
    """
    return f"{csv_prefix(day)}_manifest.json"


def copy_prefix(generation: int) -> str:
    """Return the prefix of a load's COPY manifests."""
    return f"copy/{generation:012d}-"


def plan_prefix(name: str) -> str:
    """Return the prefix of the objects that a dry run stages, and removes in the end."""
    return f"{PLANS}{name}-"


def plan_part_key(prefix: str, day: date) -> str:
    """Return the key of a day's CSV in a dry run."""
    return f"{prefix}{day.isoformat()}.csv.gz"


def copy_manifest_key(prefix: str, number: int) -> str:
    """Return the key of the COPY manifest: the files that the COPY `number` of a load reads."""
    return f"{prefix}{number}.manifest"


def day_of(key: str) -> date:
    """Read a key's day back.

    Raises:
        KeyFormatError: the key has no day, or one that no calendar has.
    """
    found = _DAY.search(key)
    try:
        if found is not None:
            return date.fromisoformat(found[1])
    except ValueError:
        pass
    raise KeyFormatError(f"{key}: expected …_date=YYYY-MM-DD/ in the key")


def is_record_object(key: str) -> bool:
    """Return whether a key is of packed records: raw, quarantined, replayed or discarded.

    False for what people and tools leave in a bucket: folder markers, `_SUCCESS`, dot files,
    notes, other prefixes.
    """
    return _DATA_OBJECT.fullmatch(key) is not None and _has_day(key)


def is_csv_part(key: str) -> bool:
    """Return whether a key is of a CSV part, committed or not."""
    return _CSV_PART.fullmatch(key) is not None and _has_day(key)


def _has_day(key: str) -> bool:
    try:
        day_of(key)
    except KeyFormatError:
        return False
    return True


def invoice_pk(invoice_no: str) -> str:
    """Return the partition key of an invoice's items."""
    return f"INVOICE#{invoice_no}"


def invoice_no_of(partition_key: str) -> str:
    """Return the invoice number in a partition key."""
    return partition_key.removeprefix("INVOICE#")


HEADER_SK = "HEADER"
LINE_SK = "LINE#"


def line_sk(event_id: str) -> str:
    """Return the sort key of a line."""
    return f"{LINE_SK}{event_id}"


def event_id_of(sort_key: str) -> str:
    """Return the event id in a line's sort key.

    Raises:
        KeyFormatError: the key is not a line's.
    """
    if not sort_key.startswith(LINE_SK):
        raise KeyFormatError(f"{sort_key}: expected {LINE_SK}<event id>")
    return sort_key.removeprefix(LINE_SK)


def customer_key(customer_id: str) -> str:
    """Return a customer's partition key in the index of invoices by customer."""
    return f"CUSTOMER#{customer_id}"


def customer_of(key: str) -> str:
    """Return the customer id in a partition key of the index."""
    return key.removeprefix("CUSTOMER#")


def customer_invoice_key(day: date, invoice_no: str) -> str:
    """Return an invoice's sort key in the index: a customer's invoices by day, then by number."""
    return f"{day.isoformat()}#{invoice_no}"


def after_invoices_of(day: str) -> str:
    """Return a sort key after all of a customer's invoices of a day ('$' sorts after '#')."""
    return f"{day}$"


def invoice_of(place: str) -> str:
    """Return the invoice number in a sort key of the index."""
    return place.rpartition("#")[2]


def moved(key: str, part: str) -> str:
    """Return the name, without a prefix, of an object of records that leave quarantine."""
    name = re.sub(rf"^({QUARANTINE}|{DISCARDED})|\.jsonl\.gz$", "", key)
    return f"{name}{f'-{part}' if part else ''}.jsonl.gz"


def _batch(shard: str, first: str, last: str) -> str:
    return f"{shard}-{first.zfill(_SEQUENCE_DIGITS)}-{last.zfill(_SEQUENCE_DIGITS)}"
