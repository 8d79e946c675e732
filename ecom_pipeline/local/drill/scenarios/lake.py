"""Faults of the raw lake: objects that are cut, missing, or unreadable while a day is built.

Faults of the CSV parts are in parts.py.
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
from ecom_pipeline.local.drill.system import SystemUnderTest

GROUP = "lake"


@fault(GROUP)
def a_raw_object_is_cut(world: SystemUnderTest) -> str:
    """A raw object is truncated: the build fails and names it; the version stays."""

    def cut(body: bytes) -> bytes:
        return body[: world.random.randint(1, len(body) - 1)]

    return _damaged(world, cut)


@fault(GROUP)
def a_raw_object_ends_at_a_line(world: SystemUnderTest) -> str:
    """A raw object loses its last lines but is valid gzip: its metadata shows the loss."""

    def shorten(body: bytes) -> bytes:
        lines = gzip.decompress(body).splitlines(keepends=True)
        return gzip.compress(b"".join(lines[: len(lines) // 2]), mtime=0)

    return _damaged(world, shorten)


@fault(GROUP)
def a_raw_object_has_a_flipped_bit(world: SystemUnderTest) -> str:
    """One bit of a raw object is flipped: the build fails and names the object."""

    def flip(body: bytes) -> bytes:
        place = world.random.randrange(len(body))
        return body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]

    return _damaged(world, flip)


@fault(GROUP)
def an_object_goes_between_listing_and_read(world: SystemUnderTest) -> str:
    """A raw object is deleted after it was listed: the build commits nothing."""
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
    require(partition.committed(world.lake, day) == before, "the manifest has changed")
    _write(world, victim, kept)
    world.load(day)
    return "the build failed; with the object restored, the day is complete"


@fault(GROUP)
def a_read_is_cut(world: SystemUnderTest) -> str:
    """The connection ends in the middle of a raw object: the half is never used as the whole."""
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
        require(partition.committed(world.lake, day) == before, "the manifest has changed")
    world.load(day)
    return "the build failed, the next one succeeded" if failed else "retried within the build"


@fault(GROUP)
def s3_stumbles_while_a_day_is_built(world: SystemUnderTest) -> str:
    """During a build, one GET and one PUT fail with 500, SlowDown or a cut connection."""
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
    return f"{sum(each.injected for each in strikes)} calls failed; the build retried them"


@fault(GROUP)
def the_answer_of_the_manifest_is_lost(world: SystemUnderTest) -> str:
    """The manifest is written but the response is lost; the conditional retry then fails."""
    day, _ = world.loaded_day()
    world.arrive(day)
    kind = world.random.choice((faulty_responses.lost, faulty_responses.cut_after))
    injection = Injection(f"PUT /{world.settings.csv_bucket}/{keys.manifest_key(day)}", kind)
    with world.lake_through(injection) as lake:
        made = partition.build(lake, day)
    injection.must_have_been_injected()
    require(partition.committed(world.lake, day) == made, "another build's manifest")
    world.load(day)
    return "read back and recognised as this build's manifest"


@fault(GROUP)
def two_builders_of_a_day(world: SystemUnderTest) -> str:
    """Another build commits the day, with newer objects, before this build's manifest."""
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
    require(made.totals == world.expected(day), "the manifest of the slower build lacks rows")
    world.load(day)
    return "the slower build detected the conflict and built again with all objects"


def _damaged(world: SystemUnderTest, damage: Any) -> str:
    """Damage a late object of a loaded day; return how the build refused it."""
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
        require(holds=False, otherwise="a day was built with a damaged object")
    world.must_hold(day, before)
    world.must_be_version(day, 1)
    _write(world, victim, (body, metadata))
    world.load(day)
    world.must_be_version(day, 2)
    return "refused by name, still version 1; restored, version 2"


def _build_fails(lake: Lake, day: Any) -> bool:
    with suppress(BotoCoreError, ClientError):
        partition.build(lake, day)
        return False
    return True


def _read(world: SystemUnderTest, key: str) -> tuple[bytes, dict[str, str]]:
    answer = world.client("s3").get_object(Bucket=world.settings.raw_bucket, Key=key)
    return answer["Body"].read(), answer["Metadata"]


def _write(world: SystemUnderTest, key: str, stored: tuple[bytes, dict[str, str]]) -> None:
    body, metadata = stored
    world.client("s3").put_object(
        Bucket=world.settings.raw_bucket, Key=key, Body=body, Metadata=metadata
    )


def _remove(world: SystemUnderTest, key: str) -> None:
    world.client("s3").delete_object(Bucket=world.settings.raw_bucket, Key=key)
