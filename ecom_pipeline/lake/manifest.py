"""The manifest of a day's CSV: its parts, totals, counts and source objects.

Putting it commits the day. The warehouse compares its totals to detect days to load.
"""

from datetime import date, datetime

import msgspec

from ecom_pipeline.domain.columns import COLUMNS, CSV_HEADER
from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.domain.totals import Totals


class ManifestError(EcomError):
    """A manifest that is missing or unreadable, or whose CSV cannot be built or loaded."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A gzip CSV object with a header line; `rows` excludes it, `bytes` is compressed."""

    key: str
    rows: int
    bytes: int
    sha256: str


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A raw object's key, size and ETag at the time of the build."""

    key: str
    bytes: int
    etag: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A day's parts and totals, and counts of all raw records that were read.

    `quarantined` is the number of records by reason. If the day was not over when its raw objects
    were listed, `running_until` is the moment (UTC) up to which they are in it.
    """

    day: date
    columns: tuple[str, ...]
    parts: tuple[Part, ...]
    totals: Totals
    read: int
    redelivered: int
    quarantined: dict[str, int]
    erased: int = 0
    retracted: int = 0
    quarantine_keys: tuple[str, ...]
    sources: tuple[Source, ...]
    running_until: datetime | None = None
    rules: int = 1  # lake/rules.py; manifests from before it was recorded do not name it

    @property
    def unaccounted(self) -> int:
        """Raw records that are in none of the counts: other than 0 is a bug."""
        aside = self.redelivered + sum(self.quarantined.values()) + self.erased + self.retracted
        return self.read - self.totals.rows - aside

    @property
    def has_known_header(self) -> bool:
        """Whether the parts have today's columns, or those before nullable ones were added."""
        names = self.columns
        return names == CSV_HEADER[: len(names)] and all(c.nullable for c in COLUMNS[len(names) :])


_ENCODER = msgspec.json.Encoder(decimal_format="string", order="deterministic")
_DECODER = msgspec.json.Decoder(Manifest)


def encode(manifest: Manifest) -> bytes:
    """Return the manifest as indented JSON, readable for people."""
    return msgspec.json.format(_ENCODER.encode(manifest), indent=2) + b"\n"


def decode(key: str, data: bytes) -> Manifest:
    """Decode a manifest; `key` is for the error message.

    Raises:
        ManifestError: the data are not a manifest.
    """
    try:
        return _DECODER.decode(data)
    except msgspec.DecodeError as error:
        raise ManifestError(f"{key}: {error}; rebuild the day") from error
