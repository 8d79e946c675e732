"""The manifest of a day's CSV: what its parts hold and what they were made from.

Its writing commits the day; its digest says whether the warehouse needs it.
"""

from datetime import date

import msgspec

from ecom_pipeline.domain.columns import COLUMNS, CSV_HEADER
from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.domain.totals import Totals


class ManifestError(EcomError):
    """A manifest that can't be read, or a day that has none."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A gzip CSV object with a header line."""

    key: str
    rows: int
    bytes: int
    sha256: str


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A raw object as it was when it was read."""

    key: str
    bytes: int
    etag: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A day's account of all that was read for it."""

    day: date
    columns: tuple[str, ...]
    parts: tuple[Part, ...]
    totals: Totals
    read: int
    redelivered: int
    quarantined: dict[str, int]
    erased: int = 0
    quarantine_keys: tuple[str, ...]
    sources: tuple[Source, ...]

    @property
    def unaccounted(self) -> int:
        """Raw records that are no rows, not redelivered, quarantined or erased: 0, or a bug."""
        aside = self.redelivered + sum(self.quarantined.values()) + self.erased
        return self.read - self.totals.rows - aside

    @property
    def has_known_header(self) -> bool:
        """Whether the parts have this program's columns, or those before some were added."""
        names = self.columns
        return names == CSV_HEADER[: len(names)] and all(c.nullable for c in COLUMNS[len(names) :])


_ENCODER = msgspec.json.Encoder(decimal_format="string", order="deterministic")
_DECODER = msgspec.json.Decoder(Manifest)


def encode(manifest: Manifest) -> bytes:
    """Return the manifest as indented JSON: people read it too."""
    return msgspec.json.format(_ENCODER.encode(manifest), indent=2) + b"\n"


def decode(key: str, data: bytes) -> Manifest:
    """Read a manifest back, or raise ManifestError."""
    try:
        return _DECODER.decode(data)
    except msgspec.DecodeError as error:
        raise ManifestError(f"{key}: {error}; rebuild the day") from error
