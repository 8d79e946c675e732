"""The tombstones of a lake: read for each build of a day, written when a customer is erased.

A listing says all that a build needs, so a shop that erased nobody pays one call for it.
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
    """The salt is not there, so nobody can be told from the others."""


def read(lake: Lake) -> Tombstones:
    """Return all of a lake's tombstones; one that deletes goes before one that anonymises."""
    modes: dict[str, Mode] = {}
    for found in lake.raw.objects(keys.ERASED):
        match keys.tombstone_of(found.key):
            case "delete", digest:
                modes[digest] = "delete"
            case "anonymise", digest:
                modes.setdefault(digest, "anonymise")
            case _:
                continue
    return Tombstones(_salt(lake), modes) if modes else NONE


def find(lake: Lake, customer_id: str, mode: Mode) -> Tombstone | None:
    """Return a customer's tombstone of this mode, if there is one."""
    if lake.raw.read(keys.SALT) is None:
        return None
    found = lake.raw.read(_key(lake, customer_id, mode))
    return None if found is None else _DECODER.decode(found.body)


def write(lake: Lake, customer_id: str, tombstone: Tombstone) -> None:
    """Put a customer's tombstone; the lake's salt is made with the first of them."""
    lake.raw.put_first(keys.SALT, secrets.token_bytes(_SALT_BYTES))
    lake.raw.put(_key(lake, customer_id, tombstone.mode), msgspec.json.encode(tombstone))


def _key(lake: Lake, customer_id: str, mode: Mode) -> str:
    return keys.tombstone_key(mode, customer_digest(_salt(lake), customer_id))


def _salt(lake: Lake) -> bytes:
    found = lake.raw.read(keys.SALT)
    if found is None:
        raise TombstoneError(
            f"s3://{lake.raw.name}/{keys.SALT} is not there: restore its last version, or who"
            " was erased comes back; when an erasure is just making it, try again"
        )
    return found.body
