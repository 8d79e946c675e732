"""The tombstones of a lake: read for each build of a day, written when a customer is erased.

A build needs their keys only, so it costs one list request while there are no tombstones.
"""

import secrets

import msgspec

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.domain.tombstone import NONE, Mode, Tombstone, Tombstones, customer_digest
from ecom_pipeline.lake.buckets import Lake

_SALT_BYTES = 32
_DECODER = msgspec.json.Decoder(Tombstone)


class TombstoneError(EcomError):
    """The salt is missing, so erased customers cannot be identified."""


def read(lake: Lake) -> Tombstones:
    """Return all of a lake's tombstones; mode "delete" takes precedence over "anonymise".

    Raises:
        TombstoneError: there are tombstones, but no salt.
    """
    modes: dict[str, Mode] = {}
    for found in lake.raw.own_objects(keys.ERASED, keys.is_erasure_object):
        match keys.tombstone_of(found.key):
            case "delete", digest:
                modes[digest] = "delete"
            case "anonymise", digest:
                modes.setdefault(digest, "anonymise")
            case _:
                continue
    return Tombstones(_salt(lake), modes) if modes else NONE


def find(lake: Lake, customer_id: str, mode: Mode) -> Tombstone | None:
    """Return a customer's tombstone of this mode; None when there is none."""
    if lake.raw.read(keys.SALT) is None:
        return None
    found = lake.raw.read(_key(lake, customer_id, mode))
    return None if found is None else _DECODER.decode(found.body)


def write(lake: Lake, customer_id: str, tombstone: Tombstone) -> None:
    """Put a customer's tombstone; the first one also creates the lake's salt."""
    lake.raw.put_first(keys.SALT, secrets.token_bytes(_SALT_BYTES))
    lake.raw.put(_key(lake, customer_id, tombstone.mode), msgspec.json.encode(tombstone))


def _key(lake: Lake, customer_id: str, mode: Mode) -> str:
    return keys.tombstone_key(mode, customer_digest(_salt(lake), customer_id))


def _salt(lake: Lake) -> bytes:
    found = lake.raw.read(keys.SALT)
    if found is None:
        raise TombstoneError(
            f"s3://{lake.raw.name}/{keys.SALT} is missing: restore its last version, or erased"
            " customers reappear; if an erasure is creating it right now, try again"
        )
    return found.body
