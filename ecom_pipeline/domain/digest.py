"""The digest of a row: equal digests mean equal rows, in Python and in Redshift's SQL."""

from hashlib import md5

SEPARATOR = "\x1f"  # cannot occur in a text: control characters are rejected


def digest(row: tuple[str, ...]) -> int:
    """Return the first 48 bits of the MD5 of a row's texts, joined by SEPARATOR.

    Missing values at the row's end are ignored, so an added column does not change the digests of
    existing rows. The sum of 48-bit digests over any table fits Redshift's decimal(38);
    warehouse/stage.py computes the same sum in SQL.
    """
    return digest_of_text(SEPARATOR.join(row))


def digest_of_text(text: str) -> int:
    """Return the digest of a row from its texts, already joined by SEPARATOR."""
    whole = md5(text.rstrip(SEPARATOR).encode(), usedforsecurity=False)
    return int.from_bytes(whole.digest()[:6])
