# pyright: basic
# ruff: noqa: SLF001
# ministack has no type hints, and the functions that are replaced in it are private.
"""Start the AWS emulator with seven of its functions replaced: `python -m` this module.

Three of the originals look at all data that was ever sent, at each call, so a local AWS becomes
slower with every event; the others parse the same statements and numbers again. The replacements
return the same; a test compares each with the original. The garbage collector runs less often,
because it looks at all stored items again: a sixth of the time with 300,000 events (2026-11-30).
Belongs here: what keeps ministack fast with a long history. Not here: changes of its answers.
"""

import gc
import logging
import time
from bisect import bisect_left
from collections.abc import Callable
from functools import lru_cache, wraps
from hashlib import sha1
from itertools import islice
from typing import Any

VERSION = "1.5.33"
"""In another version nothing is replaced: its functions may differ."""
_SWEEP_SECONDS = 10
_GC_THRESHOLDS = (50_000, 20, 20)  # full collections are rare, but not off: memory stays bounded


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


def inserts_by_template(original: Callable[[str, Any], dict]) -> Callable[[str, Any], dict]:
    """Return `dynamodb.parse_partiql_statement` that parses an INSERT of parameters once.

    Its result for other parameters of the same statement differs only in the item's values.
    """

    @lru_cache(1_000)
    def template(statement: str, count: int) -> tuple[dict, dict[str, int]] | None:
        marks = [{"S": str(n)} for n in range(count)]
        parsed = original(statement, marks)
        places = {id(mark): n for n, mark in enumerate(marks)}
        item = parsed.get("item")
        if parsed["op"] != "INSERT" or not item or any(id(v) not in places for v in item.values()):
            return None
        return parsed, {name: places[id(value)] for name, value in item.items()}

    @wraps(original)
    def parse(statement: str, parameters: Any) -> dict:
        known = template(statement, len(parameters)) if parameters else None
        if known is None:
            return original(statement, parameters)
        parsed, places = known
        return parsed | {"item": {name: parameters[n] for name, n in places.items()}}

    return parse


def scan_from_its_start_key(
    original: Callable[[dict], Any], module: Any, page_bytes: int
) -> Callable[[dict], Any]:
    """Return `dynamodb._scan` that is shown only the items that its page can be made of.

    The original collects and sorts the whole table for each page of 1 MB.
    """

    @wraps(original)
    def scan(data: dict) -> Any:
        tables = module._tables
        table = tables.get(data.get("TableName"))
        if table is None or data.get("IndexName"):
            return original(data)
        start = (data.get("ExclusiveStartKey") or {}).get(table["pk_name"]) or {}
        first = next(iter(start.values()), "")
        segments = int(data.get("TotalSegments") or 1), int(data.get("Segment") or 0)
        shown: dict[str, Any] = {}
        size = 0
        keys = sorted(table["items"])
        for key in islice(keys, bisect_left(keys, first), None):
            if size > page_bytes:
                break
            if segments[0] == 1 or _segment_of(key, segments[0]) == segments[1]:
                shown[key] = table["items"][key]
                if key != first:  # of its items the page may have none
                    size += sum(map(module._item_size_bytes, shown[key].values()))
        module._tables = {data["TableName"]: table | {"items": shown}}
        try:
            return original(data)
        finally:
            module._tables = tables

    return scan


def sizes_without_encoding(original: Callable[[Any], int], module: Any) -> Callable[[Any], int]:
    """Return `dynamodb._item_size_bytes` that encodes no ASCII text and parses a number once."""
    of_number = lru_cache(100_000)(module._number_size_bytes)

    @wraps(original)
    def size(item: Any) -> int:
        if not isinstance(item, dict):
            return original(item)
        total = 0
        for name, value in item.items():
            total += len(name) if name.isascii() else len(name.encode())
            kind, content = next(iter(value.items())) if len(value) == 1 else ("", None)
            if kind == "S" and isinstance(content, str) and content.isascii():
                total += len(content)
            elif kind == "N" and isinstance(content, str):
                total += of_number(content)
            else:
                total += module._attribute_value_size(value)
        return total

    return size


def _segment_of(key: str, segments: int) -> int:
    """Return the segment of a partition key, as `dynamodb._scan` computes it."""
    return int.from_bytes(sha1(key.encode(), usedforsecurity=False).digest()[:4], "big") % segments


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
    dynamodb._item_size_bytes = sizes_without_encoding(dynamodb._item_size_bytes, dynamodb)
    dynamodb._scan = scan_from_its_start_key(
        dynamodb._scan, dynamodb, dynamodb._DDB_PAGE_SIZE_BYTES
    )
    dynamodb.parse_partiql_statement = inserts_by_template(dynamodb.parse_partiql_statement)
    dynamodb._parse_partiql = parsed_once(dynamodb._parse_partiql)
    return True


if __name__ == "__main__":
    gc.set_threshold(*_GC_THRESHOLDS)
    if not install():
        logging.getLogger(__name__).warning("not ministack %s: no function is replaced", VERSION)
    from ministack.app import main

    main()
