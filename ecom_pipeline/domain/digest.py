"""The digest of a row: equal digests mean equal rows, in Python and in Redshift's SQL."""

from hashlib import md5

SEPARATOR = "\x1f"  # can't occur in a text: control characters are refused


def digest(row: tuple[str, ...]) -> int:
    """Return a row's 48 bits: the first of the MD5 of its texts, joined by SEPARATOR.

    Missing values at its end don't count, so a column that is added later leaves history's digests
    as they were. 48 bits summed over any table fit Redshift's decimal(38): warehouse/stage.py takes
    the same sum in SQL.
    """
    return digest_of_text(SEPARATOR.join(row))


def digest_of_text(text: str) -> int:
    """Return the digest of a row whose texts are joined already."""
    whole = md5(text.rstrip(SEPARATOR).encode(), usedforsecurity=False)
    return int.from_bytes(whole.digest()[:6])
