# pyright: basic
# ruff: noqa: SLF001
# ministack carries no types, and what is replaced in it is private on purpose.
"""Start the AWS emulator, with four of its functions replaced: `python -m` this module.

Each of them walks all that was ever sent, at each call, so a local AWS becomes slower with every
event. What they return stays as it is; a test compares each with the emulator's own. Belongs here:
what makes ministack as fast with a history as without. Not here: what makes it answer otherwise.
"""

import logging
import time
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any

VERSION = "1.5.33"
"""Of another version nothing is replaced: its functions may mean something else."""
_SWEEP_SECONDS = 10


def first_expired_only(original: Callable[[dict], None]) -> Callable[[dict], None]:
    """Return `kinesis._expire_records`, which copies every shard, for when one has old records."""

    @wraps(original)
    def expire(stream: dict) -> None:
        cutoff = time.time() - stream["RetentionPeriodHours"] * 3600
        oldest = (each["records"][0] for each in stream["shards"].values() if each["records"])
        if any(record["ApproximateArrivalTimestamp"] < cutoff for record in oldest):
            original(stream)

    return expire


def now_and_then(original: Callable[[], None], seconds: float = _SWEEP_SECONDS) -> Callable:
    """Return `kinesis._expire_iterators`, which looks at all of five minutes, less often.

    An iterator's age is looked at again when it is used, so an old one is refused as before.
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
    """Return `dynamodb._parse_partiql`, which is called twice for each statement of a batch."""
    last: tuple[str, Any, dict] | None = None

    @wraps(original)
    def parse(statement: str, parameters: Any) -> dict:
        nonlocal last
        before, last = last, None  # whoever gets it may change it
        if before and before[1] is parameters and before[0] == statement:
            return before[2]
        parsed = original(statement, parameters)
        last = (statement, parameters, parsed)
        return parsed

    return parse


def install() -> bool:
    """Replace the functions, if the emulator is the version that they were read in."""
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
        logging.getLogger(__name__).warning("not ministack %s: nothing is replaced", VERSION)
    from ministack.app import main

    main()
