"""What all bytes of a text file show before a row is parsed: encoding, and escaped quotes."""

import codecs
import re
from dataclasses import dataclass

from ecom_pipeline.replay import encoding
from ecom_pipeline.replay.content import PIECE, Content
from ecom_pipeline.replay.errors import DatasetError

_BEFORE_JSON = b"\xef\xbb\xbf\xff\xfe \t\r\n"
_BARE = re.compile(rb'\\"(?!")')
_TWO_BACKSLASHES = b"\\\\"


@dataclass(slots=True)
class Scan:
    """What all bytes of a text file show."""

    encoding: str
    escaped: bool  # some backslash is before a quote, as Spark writes a quote in a text
    bare: bool  # one is before a single quote: the end of a field, or an escaped quote
    doubtful: bool  # two backslashes, of which one may escape the other
    is_json: bool


def scan(content: Content) -> Scan:
    """Read a text file once; return its encoding and its quoting.

    Raises:
        DatasetError: it is no text, or mixes encodings.
    """
    detector = encoding.Detector()
    found = Scan("", escaped=False, bare=False, doubtful=False, is_json=False)
    with content.opened() as handle:
        piece = handle.read(PIECE)
        wide = encoding.utf16(piece)
        found.is_json = piece.replace(b"\0", b"").lstrip(_BEFORE_JSON)[:1] in {b"{", b"["}
        decoder = codecs.getincrementaldecoder(wide)() if wide else None
        while piece:
            if decoder:
                piece = _decoded(content, decoder, piece)
            elif b"\0" in piece:
                raise DatasetError(f"{content.path} is not text: specify a CSV file or a workbook")
            else:
                detector.feed(piece)
            if b"\\" in piece:
                found.escaped |= b'\\"' in piece
                found.bare |= _BARE.search(piece) is not None
                found.doubtful |= _TWO_BACKSLASHES in piece
            piece = handle.read(PIECE)
    detector.feed(b"", final=True)
    found.encoding = wide or detector.encoding
    if not wide and detector.mixed:
        with content.opened() as handle:
            raise DatasetError(
                f"{content.path}, {encoding.mixture(handle)}: save the file in one encoding"
            )
    return found


def _decoded(content: Content, decoder: codecs.IncrementalDecoder, piece: bytes) -> bytes:
    """Return a piece of UTF-16 as UTF-8."""
    try:
        text = decoder.decode(piece)
    except UnicodeDecodeError as error:
        raise DatasetError(f"{content.path} is not valid UTF-16: export it again") from error
    if "\0" in text:
        raise DatasetError(f"{content.path} is not text: specify a CSV file or a workbook")
    return text.encode("utf-8", "surrogatepass")
