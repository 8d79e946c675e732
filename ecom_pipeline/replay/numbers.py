"""Numbers as files write them: decimal marks, groups of thousands, currency signs, floats.

Whether a file's mark is a point or a comma is decided in number_form.py.
"""

import re
import struct
from decimal import Decimal

POINT, COMMA = ".", ","

_CURRENCY = "£$€¥"
_SIGNS = str.maketrans({"\u2212": "-", "\u00a0": " ", "\u202f": " ", "\u2019": "'"})
_AMOUNT = re.compile(
    rf"(?P<minus>[-(]?)\s*[{_CURRENCY}]?\s*(?P<inner>[-+]?)(?P<digits>[\d.,' ]*\d[.,]?)"
    rf"(?P<exponent>[eE][-+]?\d{{1,2}})?\s*[{_CURRENCY}]?(?P<end>[-)]?)",
    re.ASCII,
)
_PLAIN = {mark: re.compile(rf"\d*{re.escape(mark)}?\d*", re.ASCII) for mark in (POINT, COMMA)}
_GROUPED = {
    POINT: re.compile(r"[1-9]\d{0,2}([,' ])\d{3}(?:\1\d{3})*(?:\.\d*)?", re.ASCII),
    COMMA: re.compile(r"[1-9]\d{0,2}([.' ])\d{3}(?:\1\d{3})*(?:,\d*)?", re.ASCII),
}
_MOST_DECIMALS = 4  # of a price
_SINGLE_LIMIT = 1_024  # from here on the next 32-bit float is more than 0.0001 away
_FLOAT_DIGITS = 17  # no float's text has more
_CONTEXT_DIGITS = 28  # Decimal.normalize would round more


def read(text: str, mark: str) -> Decimal | None:
    """Return the number that a text is where `mark` separates decimals; None if it is none.

    A number that was a float in between, such as 2.549999952316284, is the decimal number that the
    float was made of, provided that the float is exactly that number's.
    """
    number = _number(text.strip().translate(_SIGNS), mark)
    return None if number is None else _short(number)


def currency(text: str) -> str:
    """Return the currency sign in a number's text, or ''."""
    return next((sign for sign in _CURRENCY if sign in text), "")


def spelled(number: Decimal) -> str:
    """Return a number's one spelling: without exponent and idle zeros; 0, never -0."""
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _number(text: str, mark: str) -> Decimal | None:
    found = _AMOUNT.fullmatch(text)
    if not found or not _signs_agree(found):
        return None
    digits = found["digits"]
    if _PLAIN[mark].fullmatch(digits):
        plain = digits.replace(mark, ".")
    elif _GROUPED[mark].fullmatch(digits):
        plain = re.sub(r"[.,' ]", "", digits.partition(mark)[0]) + "." + digits.partition(mark)[2]
    else:
        return None
    exponent = found["exponent"] or ""
    if exponent and _is_rounded(plain, exponent):
        return None
    negative = "-" in (found["minus"], found["inner"], found["end"]) or found["minus"] == "("
    return Decimal(f"{'-' if negative else ''}{plain}{exponent}")


def _signs_agree(found: re.Match[str]) -> bool:
    """Return whether there is at most one sign, and a bracket on both sides or on none."""
    signs = [found[name] for name in ("minus", "inner", "end") if found[name] not in ("", "(", ")")]
    return len(signs) <= 1 and (found["minus"] == "(") == (found["end"] == ")")


def _is_rounded(plain: str, exponent: str) -> bool:
    """Return whether Excel showed fewer digits than the number has: 7.42E+04 of 74215."""
    decimals = len(plain.partition(".")[2])
    return exponent.startswith("E+") and decimals < int(exponent[2:])


def _short(number: Decimal) -> Decimal:
    """Return the decimal number of at most four decimals whose float this is, if there is one."""
    if len(number.as_tuple().digits) > _CONTEXT_DIGITS:
        return number
    if _is_price(number := number.normalize()) or len(number.as_tuple().digits) > _FLOAT_DIGITS:
        return number
    double = float(number)
    shorter = (Decimal(text) for text in (repr(double), *_single(double)))
    return next((short for short in shorter if _is_price(short)), number)


def _is_price(number: Decimal) -> bool:
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and -exponent <= _MOST_DECIMALS


def _single(double: float) -> list[str]:
    """Return the shortest text of a 32-bit float.

    There is none if the number is not exactly one, or is so large that several prices are the same
    float: 1413.7364 and 1413.7365.
    """
    if abs(double) >= _SINGLE_LIMIT or _as_single(double) != double:
        return []
    texts = (f"{double:.{digits}g}" for digits in range(1, 10))
    return [text for text in texts if _as_single(float(text)) == double][:1]


def _as_single(number: float) -> float:
    return struct.unpack("f", struct.pack("f", number))[0]
