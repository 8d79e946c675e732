"""The data set's CSV file: compression, encoding, validation, and rows as texts.

The conversion of texts to events is in dataset.py.
"""

import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.replay.encoding import Detector, mixture

CHUNK_ROWS = 20_000  # about 10 MB; 541,909 rows are read in 80 MB of memory, including pandas

_PIECE = 1 << 20
_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_SHOWN = 60
# a quote inside a text, as Spark escapes it by default; at a field's end it may be a text's own
_BACKSLASH_QUOTE = re.compile(rb'\\"[^,\r\n"]')
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}

Row = tuple[str, ...]


class DatasetError(EcomError):
    """A data set that cannot be read; the message has the file, the cause and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvFile:
    """A file with the data set's columns; `sha256` is of its uncompressed bytes."""

    path: Path
    gzipped: bool
    encoding: str
    sha256: str


def inspect(path: Path) -> CsvFile:
    """Read the whole file once; return its compression, encoding and SHA-256.

    The encoding is decided by encoding.py; a file that mixes UTF-8 with other bytes is refused.

    Raises:
        DatasetError: the file cannot be read, is not CSV, or has the wrong header.
    """
    if path.is_dir():
        raise DatasetError(f"{path} is a folder: specify the CSV file in it")
    with _translated_errors(path), path.open("rb") as head:
        magic = head.read(len(_ZIP))
    if magic == _ZIP:
        raise DatasetError(f"{path} is a zip archive or a workbook: unpack it, or save it as CSV")
    gzipped = magic.startswith(_GZIP)
    sha256, encoding = _scan(path, gzipped=gzipped)
    file = CsvFile(path=path, gzipped=gzipped, encoding=encoding, sha256=sha256)
    _check_header(file)
    return file


def rows_of(file: CsvFile) -> Iterator[Row]:
    """Yield each data row as its eight texts, in the order of DATA_SET_KEYS, in constant memory.

    Raises:
        DatasetError: a row has the wrong number of fields, or the file cannot be parsed.
    """
    checked = False
    with _translated_errors(file.path), _opened_text(file) as handle:
        try:
            with pd.read_csv(
                handle, dtype=str, keep_default_na=False, chunksize=CHUNK_ROWS
            ) as chunks:
                for chunk in chunks:
                    if not checked and _may_be_ragged(chunk):
                        _check_widths(file)
                        checked = True
                    yield from zip(*(chunk[name].tolist() for name in DATA_SET_KEYS), strict=True)
        except pd.errors.ParserError as error:
            _check_widths(file)
            raise DatasetError(_unparsed(file.path, str(error))) from error


def _scan(path: Path, *, gzipped: bool) -> tuple[str, str]:
    """Return the SHA-256 and the encoding of the whole content."""
    digest, detector, size = hashlib.sha256(), Detector(), 0
    with _translated_errors(path), _opened(path, gzipped=gzipped) as handle:
        while piece := handle.read(_PIECE):
            if b"\0" in piece:
                raise DatasetError(f"{path} is not text: specify a CSV file, plain or gzipped")
            size += len(piece)
            digest.update(piece)
            detector.feed(piece)
            if _BACKSLASH_QUOTE.search(piece):
                raise DatasetError(_escaped(path, gzipped=gzipped))
    if not size:
        raise DatasetError(f"{path} is empty: get the data set again")
    detector.feed(b"", final=True)
    if detector.mixed:
        with _opened(path, gzipped=gzipped) as handle:
            raise DatasetError(f"{path}, {mixture(handle)}: save the file in one encoding")
    return digest.hexdigest(), detector.encoding


def _escaped(path: Path, *, gzipped: bool) -> str:
    with _opened(path, gzipped=gzipped) as handle:
        lines = (n for n, line in enumerate(handle, 1) if _BACKSLASH_QUOTE.search(line))
        return (
            f"{path}, line {next(lines)}: a quote inside a text is written as a backslash and a"
            ' quote; double it ("") instead: in Spark, .option("escape", \'"\')'
        )


def _opened(path: Path, *, gzipped: bool) -> gzip.GzipFile | io.BufferedReader:
    return gzip.open(path, "rb") if gzipped else path.open("rb")


@contextmanager
def _translated_errors(path: Path) -> Iterator[None]:
    """Translate errors of reading `path` to DatasetError."""
    try:
        yield
    except FileNotFoundError as error:
        raise DatasetError(
            f"{path}: no such file; specify the data set's CSV, or create one with `ecom sample`"
        ) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DatasetError(f"{path} is a damaged gzip file ({error}): get it again") from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}") from error


@contextmanager
def _opened_text(file: CsvFile) -> Iterator[io.TextIOWrapper]:
    with (
        _opened(file.path, gzipped=file.gzipped) as handle,
        io.TextIOWrapper(handle, encoding=file.encoding, newline="") as text,
    ):
        yield text


def _may_be_ragged(chunk: pd.DataFrame) -> bool:
    """Return whether rows may have too few fields, which pandas pads silently, or too many.

    In that case the last column has an empty value, or pandas used the first as the index.
    """
    return "" in chunk.iloc[:, -1].array or not isinstance(chunk.index, pd.RangeIndex)


def _check_header(file: CsvFile) -> None:
    with _translated_errors(file.path), _opened_text(file) as handle:
        line = handle.readline(_PIECE)
    found = next(csv.reader([line.rstrip("\r\n")], strict=False), [])
    for separator, name in _SEPARATORS.items():
        if len(found) == 1 and set(DATA_SET_KEYS) & set(found[0].split(separator)):
            raise DatasetError(f"{file.path} is separated by {name}: save it separated by commas")
    faults = {
        "lacks": [name for name in DATA_SET_KEYS if name not in found],
        "has the unknown": [repr(name[:_SHOWN]) for name in found if name not in DATA_SET_KEYS],
        "repeats": sorted({name for name in DATA_SET_KEYS if found.count(name) > 1}),
    }
    said = [f"{verb} {', '.join(names[:9])}" for verb, names in faults.items() if names]
    if said:
        raise DatasetError(
            f"{file.path} is not the data set, its header {' and '.join(said)}: "
            f"expected {','.join(DATA_SET_KEYS)}"
        )


def _check_widths(file: CsvFile) -> None:
    """Read the file again with the stricter but slower csv module; raise for the first bad line."""
    with _opened_text(file) as handle:
        reader = csv.reader(handle)
        try:
            began = 1
            for row in reader:
                line, began = began, reader.line_num + 1
                blank = len(row) <= 1 and not "".join(row).strip()
                if len(row) != len(DATA_SET_KEYS) and not blank:
                    raise DatasetError(
                        f"{file.path}, line {line}: {len(row)} fields, expected "
                        f"{len(DATA_SET_KEYS)}; fix that line, or get the data set again"
                    )
        except csv.Error:  # a field beyond csv's size limit: pandas' message is clearer
            return


def _unparsed(path: Path, said: str) -> str:
    unclosed = re.search(r"EOF inside string starting at row (\d+)", said)
    if unclosed:
        return f"{path}, near line {int(unclosed[1]) + 1}: a quote is never closed; fix that line"
    return f"{path} is not a CSV file that pandas can read ({said.strip()}): get it again"
