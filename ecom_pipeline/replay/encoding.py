"""The encoding of a text file: UTF-8, UTF-16, cp1252 or ISO-8859-1, decided by all its bytes."""

import codecs
import re
from collections.abc import Iterable

_MULTIBYTE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_CONTROLS = re.compile(rb"[\x80-\x9f]")  # in ISO-8859-1; texts in cp1252
_ASCII_AS_BLANK = b" " * 128 + bytes(range(128, 256))
_NOT_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


_BOMS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_SAID = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "iso-8859-1": "ISO-8859-1"}


def utf16(head: bytes) -> str | None:
    """Return the UTF-16 that a file's first bytes show, by its mark or by its zero bytes."""
    if head[:2] in _BOMS:
        return _BOMS[head[:2]]
    zeros = head[:200:2].count(0), head[1:200:2].count(0)
    half = len(head[:200]) // 2
    if half and max(zeros) == half and min(zeros) == 0:
        return "utf-16-be" if zeros[0] else "utf-16-le"
    return None


def name_of(encoding: str) -> str:
    """Return an encoding's name as people know it."""
    return _SAID.get(encoding, encoding.upper() if encoding.startswith("utf") else encoding)


class Detector:
    """Reads a file's bytes piece by piece, in constant memory.

    A file is UTF-8 if all of it is valid UTF-8. Otherwise it is cp1252 if it has bytes that are
    texts there and controls in ISO-8859-1, which is what Kaggle's file is in. `mixed` is set when
    some characters are UTF-8 and some bytes are not: then no encoding reads the file rightly.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._is_utf8, self._multibyte, self._cp1252 = True, False, True
        self._has_controls = False

    def feed(self, piece: bytes, *, final: bool = False) -> None:
        """Take the file's next bytes; `final` after the last."""
        if self._is_utf8:
            try:
                self._decoder.decode(piece, final)
            except UnicodeDecodeError:
                self._is_utf8 = False
        if not piece.isascii():
            others = b" ".join(piece.translate(_ASCII_AS_BLANK).split())  # few: quick to search
            self._multibyte = self._multibyte or _MULTIBYTE.search(others) is not None
            self._has_controls = self._has_controls or _CONTROLS.search(others) is not None
            self._cp1252 = self._cp1252 and _NOT_CP1252.search(others) is None

    @property
    def encoding(self) -> str:
        if self._is_utf8:
            return "utf-8-sig"
        return "cp1252" if self._has_controls and self._cp1252 else "iso-8859-1"

    @property
    def mixed(self) -> bool:
        return not self._is_utf8 and self._multibyte


def mixture(lines: Iterable[bytes]) -> str:
    """Return where a mixed file has a byte that is not UTF-8, and where it has UTF-8."""
    wrong = right = ""
    for number, line in enumerate(lines, 1):
        try:
            text = line.decode()
            right = right or ("" if text.isascii() else f"line {number} has UTF-8")
        except UnicodeDecodeError as error:
            byte = line[error.start]
            at = f"line {number}, byte {error.start + 1}"
            wrong = wrong or f"{at}: {byte:02X} ({chr(byte)!r} in ISO-8859-1)"
            found = _MULTIBYTE.search(line)
            right = right or (f"line {number} has UTF-8" if found else "")
        if wrong and right:
            break
    return f"{wrong} is not UTF-8, but {right}"
