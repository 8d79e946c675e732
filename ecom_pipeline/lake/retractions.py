"""The retractions of a day: objects beside the day's events, numbered in the order of writing.

They are under the day's raw prefix, so one listing finds events and retractions, and a new
retraction makes the day due like any late object: by notification, and by the sweep.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from ecom_pipeline.domain import keys, retraction
from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.domain.retraction import Retraction
from ecom_pipeline.lake.buckets import Lake, ObjectInfo

_ATTEMPTS = 5


class RetractionError(EcomError):
    """Other writers took each next number of a day's retractions."""


def events_in(objects: Iterable[ObjectInfo]) -> list[ObjectInfo]:
    """Return the objects of events: all but the retractions."""
    return [each for each in objects if not keys.is_retraction(each.key)]


def latest_in(lake: Lake, objects: Iterable[ObjectInfo]) -> dict[str, Retraction]:
    """Return the latest retraction of each event, from the objects of one day's listing."""
    found = [each.key for each in objects if keys.is_retraction(each.key)]
    latest: dict[str, Retraction] = {}
    for key in sorted(found):
        for line in lake.raw.lines(key):
            record = retraction.decode(key, line)
            latest[record.event_id] = record
    return latest


def retracted_in(lake: Lake, objects: Iterable[ObjectInfo]) -> frozenset[str]:
    """Return the ids of the events of one day's listing whose lines are retracted."""
    return retraction.retracted_in(latest_in(lake, objects))


def append(lake: Lake, day: date, wanted: Sequence[Retraction]) -> int:
    """Put the retractions that change what is in force on a day; return their number.

    A number is taken by a conditional put, so writers at once are in one order, and each decides
    by what those before it wrote.

    Raises:
        RetractionError: other writers took the next number, _ATTEMPTS times.
    """
    for _ in range(_ATTEMPTS):
        objects = lake.raw.objects_of(day)
        records = retraction.changing(latest_in(lake, objects), wanted)
        if not records:
            return 0
        numbers = (keys.retraction_number(each.key) for each in objects)
        last = max((number for number in numbers if number is not None), default=0)
        lines = [retraction.encode(record) for record in records]
        if lake.raw.write_first(keys.retraction_key(day, last + 1), lines):
            return len(records)
    raise RetractionError(f"{day}: others wrote retractions first, {_ATTEMPTS} times; try again")
