"""Text from elsewhere, made safe for a terminal."""


def printable(text: str) -> str:
    """Return a text with its control characters as escapes, so that a terminal obeys none."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
