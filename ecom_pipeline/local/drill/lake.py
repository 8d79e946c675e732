"""Faults of the raw lake: objects that are cut, gone, or can't be read while a day is built.

Those of the CSV that is made of them are in parts.py.
"""

import gzip
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.ndjson import DamagedObjectError
from ecom_pipeline.lake import partition
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.local.drill import faulty_responses
from ecom_pipeline.local.drill.http_proxy import Call, Forward, Reply
from ecom_pipeline.local.drill.injection import Injection
from ecom_pipeline.local.drill.registry import fault, require
from ecom_pipeline.local.drill.test_system import TestSystem

GROUP = "lake"


@fault(GROUP)
def a_raw_object_is_cut(world: TestSystem) -> str:
    """Bytes are cut off a raw object's end: the build refuses it by name, the version stays."""

    def cut(body: bytes) -> bytes:
        return body[: world.random.randint(1, len(body) - 1)]

    return _damaged(world, cut)


@fault(GROUP)
def a_raw_object_ends_at_a_line(world: TestSystem) -> str:
    """A raw object loses its last lines but is whole gzip: only what it says of itself tells."""

    def shorten(body: bytes) -> bytes:
        lines = gzip.decompress(body).splitlines(keepends=True)
        return gzip.compress(b"".join(lines[: len(lines) // 2]), mtime=0)

    return _damaged(world, shorten)


@fault(GROUP)
def a_raw_object_has_a_flipped_bit(world: TestSystem) -> str:
    """One bit of a raw object is another: the build refuses it by name."""

    def flip(body: bytes) -> bytes:
        place = world.random.randrange(len(body))
        return body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]

    return _damaged(world, flip)


@fault(GROUP)
def an_object_goes_between_listing_and_read(world: TestSystem) -> str:
    """A raw object is deleted after it was listed: nothing is committed without it."""
    day, _ = world.loaded_day()
    before = partition.committed(world.lake, day)
    world.arrive(day)
    victim = world.lake.raw.objects_of(day)[-1].key
    kept = _read(world, victim)

    def gone(call: Call, forward: Forward) -> Reply:
        _remove(world, victim)
        return forward(call)

    injection = Injection(f"GET /{world.settings.raw_bucket}/{victim}", gone)
    with world.lake_through(injection) as lake:
        require(_build_fails(lake, day), "a day was built without an object that was listed")
    injection.must_have_been_injected()
    require(partition.committed(world.lake, day) == before, "the manifest is another")
    _write(world, victim, kept)
    world.load(day)
    return "the build stopped; with the object back, the day is whole"


@fault(GROUP)
def a_read_is_cut(world: TestSystem) -> str:
    """The connection ends in the middle of a raw object: its half is never taken for the whole."""
    day, _ = world.loaded_day()
    before = partition.committed(world.lake, day)
    world.arrive(day)
    injection = Injection(
        f"GET /{world.settings.raw_bucket}/raw", faulty_responses.half_of_the_body
    )
    with world.lake_through(injection) as lake:
        failed = _build_fails(lake, day)
    injection.must_have_been_injected()
    if failed:
        require(partition.committed(world.lake, day) == before, "the manifest is another")
    world.load(day)
    return "the build stopped, the next one did it" if failed else "read again at once"


@fault(GROUP)
def s3_stumbles_while_a_day_is_built(world: TestSystem) -> str:
    """S3 answers listing, reads and writes of a build with 500, SlowDown or not at all."""
    day = world.day()
    world.arrive(day)
    kinds = (faulty_responses.internal_error, faulty_responses.slow_down, faulty_responses.cut)
    strikes = [
        Injection(operation, world.random.choice(kinds))
        for operation in ("GET /", f"PUT /{world.settings.csv_bucket}/csv")
    ]

    def each(call: Call, forward: Forward, left: int = 0) -> Reply:
        if left == len(strikes):
            return forward(call)
        return strikes[left](call, lambda c: each(c, forward, left + 1))

    with world.lake_through(each) as lake:
        partition.build(lake, day)
    for injection in strikes:
        injection.must_have_been_injected()
    world.load(day)
    world.must_be_version(day, 1)
    return f"{sum(each.injected for each in strikes)} calls failed; the build went on"


@fault(GROUP)
def the_answer_of_the_manifest_is_lost(world: TestSystem) -> str:
    """The manifest is written, but its answer is lost; the retry's condition then fails."""
    day, _ = world.loaded_day()
    world.arrive(day)
    kind = world.random.choice((faulty_responses.lost, faulty_responses.cut_after))
    injection = Injection(f"PUT /{world.settings.csv_bucket}/{keys.manifest_key(day)}", kind)
    with world.lake_through(injection) as lake:
        made = partition.build(lake, day)
    injection.must_have_been_injected()
    require(partition.committed(world.lake, day) == made, "the manifest is not the build's")
    world.load(day)
    return "read back: it is our own"


@fault(GROUP)
def two_builders_of_a_day(world: TestSystem) -> str:
    """Another builder commits the day, with newer objects, before this one's manifest."""
    day = world.day()
    world.arrive(day)

    def overtake(call: Call, forward: Forward) -> Reply:
        world.arrive(day)
        partition.build(world.lake, day)
        return forward(call)

    injection = Injection(f"PUT /{world.settings.csv_bucket}/{keys.manifest_key(day)}", overtake)
    with world.lake_through(injection) as lake:
        made = partition.build(lake, day)
    injection.must_have_been_injected()
    require(made.totals == world.expected(day), "the slower builder's manifest lacks rows")
    world.load(day)
    return "the slower one saw it, and built again with all objects"


def _damaged(world: TestSystem, damage: Any) -> str:
    """Damage a late object of a loaded day; return how it was refused."""
    day, before = world.loaded_day()
    world.arrive(day)
    victim = world.random.choice(world.lake.raw.objects_of(day)).key
    body, metadata = _read(world, victim)
    _write(world, victim, (damage(body), metadata))
    try:
        partition.build(world.lake, day)
    except DamagedObjectError as error:
        require(victim in str(error), f"the error does not name {victim}: {error}")
    else:
        require(holds=False, otherwise="a damaged object was built into a day")
    world.must_hold(day, before)
    world.must_be_version(day, 1)
    _write(world, victim, (body, metadata))
    world.load(day)
    world.must_be_version(day, 2)
    return "refused by its name, version 1 stayed; restored, version 2"


def _build_fails(lake: Lake, day: Any) -> bool:
    with suppress(BotoCoreError, ClientError):
        partition.build(lake, day)
        return False
    return True


def _read(world: TestSystem, key: str) -> tuple[bytes, dict[str, str]]:
    answer = world.client("s3").get_object(Bucket=world.settings.raw_bucket, Key=key)
    return answer["Body"].read(), answer["Metadata"]


def _write(world: TestSystem, key: str, stored: tuple[bytes, dict[str, str]]) -> None:
    body, metadata = stored
    world.client("s3").put_object(
        Bucket=world.settings.raw_bucket, Key=key, Body=body, Metadata=metadata
    )


def _remove(world: TestSystem, key: str) -> None:
    world.client("s3").delete_object(Bucket=world.settings.raw_bucket, Key=key)
