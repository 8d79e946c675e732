"""What a text of an event may contain: characters that were decoded with the right encoding."""

import re

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


def expected(text: str, most_bytes: int) -> str | None:
    """Return what is expected instead of a text of at most so many bytes; None when it is valid."""
    if not text.isprintable() and (found := _CONTROL.search(text)):
        return f"text without control characters{_in_cp1252(found[0])}"
    if _REPLACEMENT in text:
        return "UTF-8: U+FFFD replaces bytes that were not"
    return f"at most {most_bytes} bytes of UTF-8" if len(text.encode()) > most_bytes else None


def _in_cp1252(control: str) -> str:
    """Return what a control of Latin-1 is in cp1252, the encoding it was probably written in."""
    try:
        meant = control.encode("latin-1").decode("cp1252")
    except UnicodeError:
        return ""
    if control < "\x80" or meant == control:
        return ""
    return f"; U+{ord(control):04X} is {meant!r} in cp1252: decode the file as cp1252"
