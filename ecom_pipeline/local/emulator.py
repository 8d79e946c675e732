# pyright: basic
# ruff: noqa: SLF001
# ministack has no type hints, and the functions that are replaced in it are private.
"""Start the AWS emulator with four of its functions replaced: `python -m` this module.

Each of the originals scans all records that were ever sent, at each call, so a local AWS becomes
slower with every event. The replacements return the same; a test compares each with the original.
Belongs here: what keeps ministack fast with a long history. Not here: changes of its answers.
"""

import logging
import time
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any

VERSION = "1.5.33"
"""In another version nothing is replaced: its functions may differ."""
_SWEEP_SECONDS = 10


def first_expired_only(original: Callable[[dict], None]) -> Callable[[dict], None]:
    """Return `kinesis._expire_records` that copies the shards only if one has expired records."""

    @wraps(original)
    def expire(stream: dict) -> None:
        cutoff = time.time() - stream["RetentionPeriodHours"] * 3600
        oldest = (each["records"][0] for each in stream["shards"].values() if each["records"])
        if any(record["ApproximateArrivalTimestamp"] < cutoff for record in oldest):
            original(stream)

    return expire


def now_and_then(original: Callable[[], None], seconds: float = _SWEEP_SECONDS) -> Callable:
    """Return `kinesis._expire_iterators`, a scan of five minutes' iterators, run every `seconds`.

    An iterator's age is checked again when it is used, so an expired one is refused as before.
    """
    done = -seconds

    @wraps(original)
    def expire() -> None:
        nonlocal done
        if time.monotonic() - done >= seconds:
            done = time.monotonic()
            original()

    return expire


def parsed_once(original: Callable[[str, Any], dict]) -> Callable[[str, Any], dict]:
    """Return `dynamodb._parse_partiql`, called twice for each statement, with a cache of one."""
    last: tuple[str, Any, dict] | None = None

    @wraps(original)
    def parse(statement: str, parameters: Any) -> dict:
        nonlocal last
        before, last = last, None  # its caller may change a result
        if before and before[1] is parameters and before[0] == statement:
            return before[2]
        parsed = original(statement, parameters)
        last = (statement, parameters, parsed)
        return parsed

    return parse


def install() -> bool:
    """Replace the functions if the installed version is VERSION; return whether that was so."""
    from importlib.metadata import version  # noqa: PLC0415

    if version("ministack") != VERSION:
        return False
    from ministack.services import _dynamodb_keywords as partiql  # noqa: PLC0415
    from ministack.services import dynamodb, kinesis  # noqa: PLC0415

    kinesis._expire_records = first_expired_only(kinesis._expire_records)
    kinesis._expire_iterators = now_and_then(kinesis._expire_iterators)
    partiql._tokenize = lru_cache(1_000)(partiql._tokenize)
    dynamodb._parse_partiql = parsed_once(dynamodb._parse_partiql)
    return True


if __name__ == "__main__":
    if not install():
        logging.getLogger(__name__).warning("not ministack %s: no function is replaced", VERSION)
    from ministack.app import main

    main()
