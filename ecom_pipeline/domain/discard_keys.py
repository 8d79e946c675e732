"""S3 keys of discarded records and of the log of discards; all other keys are in keys.py."""

import re
from datetime import date, datetime

from ecom_pipeline.domain import keys

_ENTRY = re.compile(rf"{keys.DISCARDS}\d{{4}}-\d\d-\d\dT\d{{6}}Z-[0-9a-f]+\.json")


def discarded_prefix(received: date) -> str:
    """Return the prefix of a day's quarantined records that were discarded."""
    return f"{keys.DISCARDED}received_date={received.isoformat()}/"


def transform_discarded_prefix(received: date, day: date) -> str:
    """Return the prefix of the discarded records of a day's rebuilds, in any number of parts."""
    return f"{discarded_prefix(received)}transform-{day.isoformat()}"


def discarded_key(quarantined: str, part: str = "") -> str:
    """Return the key that a quarantine object's discarded records move to; `part` as above."""
    return f"{keys.DISCARDED}{keys.moved(quarantined, part)}"


def discard_key(moment: datetime, digest: str) -> str:
    """Return the key of the log entry of a discard."""
    return f"{keys.DISCARDS}{moment:%Y-%m-%dT%H%M%SZ}-{digest}.json"


def is_discard_key(key: str) -> bool:
    """Return whether a key is of a log entry."""
    return _ENTRY.fullmatch(key) is not None
