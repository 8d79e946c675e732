"""The states of an event, the stores that lack it, and its hops, from what the stores have.

Pure functions: nothing is read here.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import structs

from ecom_pipeline.trace.model import Copy, Hop, Trace, Version

ERASURE = "erasure"


def judged(trace: Trace, now: datetime, in_flight: timedelta, objects: Mapping[str, str]) -> Trace:
    """Return a trace with its version, states, missing stores and hops.

    `in_flight` is how long an event may take to reach raw and DynamoDB. `objects` are the raw
    objects that the committed CSV was built from, by ETag.
    """
    version = _first_since(trace)
    trace = structs.replace(trace, version=version.version if version else None)
    if not trace.found:
        return trace
    missing = tuple(_missing(trace, now, in_flight, objects))
    waiting = _is_waiting(trace, objects)
    states = tuple(_states(trace, missing, waiting=waiting))
    return structs.replace(trace, states=states, missing=missing, hops=_hops(trace, version))


def first_copy(trace: Trace) -> Copy | None:
    """Return the record whose content stands."""
    return next((copy for copy in trace.copies if copy.content == "first"), None)


def _first_since(trace: Trace) -> Version | None:
    """Return the first version that was published after the event's first record arrived."""
    first = first_copy(trace)
    if first is None or not trace.fact_rows:
        return None
    arrived = _second(first)
    return next((v for v in trace.versions if v.published_at >= arrived), None)


def _second(copy: Copy) -> datetime:
    """Return when a record arrived, to the second, as the ledger's times are."""
    return copy.received_at.replace(microsecond=0)


def _states(trace: Trace, missing: Sequence[str], *, waiting: bool) -> Iterator[str]:
    first, contents = first_copy(trace), [copy.content for copy in trace.copies]
    if trace.copies or trace.item:
        yield "accepted"
    if first and trace.versions and _second(first) > trace.versions[0].published_at:
        yield "late"
    yield from (each for each in ("redelivered", "conflict", "invalid") if each in contents)
    if trace.retraction:
        yield _taken_back(trace)
    yield from (f"restates {event_id}" for event_id in trace.restates)
    yield from _erased(trace, first)
    yield from dict.fromkeys(
        "returned" if r.role == "returned by" else "return" for r in trace.returns
    )
    yield from dict.fromkeys(each.state for each in trace.aside)
    if trace.given_up:
        yield "given up"
    if trace.fact_rows:
        yield "published" if trace.fact_rows == 1 else f"published {trace.fact_rows} times"
    if waiting:
        yield "waits for a load"
    yield from (f"missing in {store}" for store in missing)


def _taken_back(trace: Trace) -> str:
    taken = trace.retraction
    if taken is None or taken.stands:
        return "reinstated"
    return f"restated as {taken.replaced_by}" if taken.replaced_by else "retracted"


def _erased(trace: Trace, first: Copy | None) -> Iterator[str]:
    if first is None:
        return
    if first.erased:
        yield f"erased ({first.erased})"
    erasures = [v for v in trace.versions if v.cause == ERASURE]
    if first.customer == "none" and any(v.published_at > first.received_at for v in erasures):
        yield "a guest's, or anonymised"


def _stands(trace: Trace) -> bool:
    """Return whether the event has to be in CSV and fact table, once its day is loaded."""
    first = first_copy(trace)
    taken = trace.retraction is not None and not trace.retraction.stands
    return first is not None and first.erased != "delete" and not taken


def _is_waiting(trace: Trace, objects: Mapping[str, str]) -> bool:
    first = first_copy(trace)
    return (
        first is not None
        and _stands(trace)
        and not trace.fact_rows
        and not (first.key in objects and trace.versions)
    )


def _missing(
    trace: Trace, now: datetime, in_flight: timedelta, objects: Mapping[str, str]
) -> Iterator[str]:
    first = first_copy(trace)
    arrived = first or trace.item
    if arrived is None or now - arrived.received_at < in_flight:
        return
    if trace.item and not trace.copies:
        yield "raw"
    if first and first.erased != "delete" and trace.item is None:
        yield "DynamoDB"
    if first is None or not _stands(trace) or first.key not in objects:
        return
    if trace.csv is None:
        yield "CSV"
    if not trace.fact_rows and _published_after(trace):
        yield "fact"


def _published_after(trace: Trace) -> bool:
    """Return whether the day was published since its CSV was built."""
    built = trace.manifest.built_at if trace.manifest else None
    return built is not None and any(v.published_at >= built for v in trace.versions[-1:])


def _hops(trace: Trace, version: Version | None) -> tuple[Hop, ...]:
    """Return the times of the first record; an overwritten object's time is its last write."""
    first = first_copy(trace)
    if first is None:
        return ()
    built = trace.manifest.built_at if trace.csv and trace.manifest else None
    times = (
        ("accepted", first.received_at),
        ("stream", first.on_stream_at),
        ("raw", first.written_at),
        ("CSV", built),
        ("fact", version.published_at if version else None),
    )
    hops: list[Hop] = []
    for name, at in times:
        if at is not None:
            before = hops[-1].at if hops else None
            seconds = None if before is None else round((at - before).total_seconds(), 3)
            hops.append(Hop(name=name, at=at, seconds=seconds))
    return tuple(hops)
