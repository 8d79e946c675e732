"""A file's content: what kind of file it is by its first bytes, unpacked from gzip and zip.

What is in the content is the readers' part: delimited.py, json_objects.py, workbook.py, parquet.py.
"""

import codecs
import gzip
import hashlib
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, cast

from isal import igzip, isal_zlib

from ecom_pipeline.replay.errors import DatasetError

PIECE = 1 << 20

Kind = Literal["text", "workbook", "parquet"]

_DAMAGED: tuple[type[Exception], ...] = (
    gzip.BadGzipFile,
    EOFError,
    zlib.error,
    cast("type[Exception]", isal_zlib.error),
)
_HEAD = 512
_GZIP, _ZIP, _PARQUET = b"\x1f\x8b", b"PK\x03\x04", b"PAR1"
_PACKINGS = {
    _GZIP: "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!": "RAR",
}
_TAR, _TAR_AT = b"ustar", 257
# zip archives with a file of this name
_DOCUMENTS = {
    "xl/workbook.bin": "an .xlsb workbook",
    "word/document.xml": "a Word document",
    "content.xml": "an OpenDocument file",
    "Index/Document.iwa": "a Numbers document",
}
_OTHER_KINDS = {
    b"version https://git-lfs.github.com/": (
        "is a Git LFS pointer, not the file: run `git lfs pull`"
    ),
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": (
        "is an old or encrypted workbook: save it as .xlsx, unlocked"
    ),
    b"<?xml": "is an XML file: save it as CSV or .xlsx",
}
_HTML = b"<!doctype html", b"<html", b"<head", b"<body", b"<table"
_HTML_TABLE = b"<table", b"office:excel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A file, and how its content is packed: `member` is the name of the one file in a zip."""

    path: Path
    kind: Kind
    packed: Literal["", "gzip", "zip"] = ""
    member: str = ""

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """Open the unpacked content; errors of the file become DatasetError."""
        with translated(self.path), _unpacked(self.path, self.packed, self.member) as handle:
            yield handle

    @contextmanager
    def seekable(self) -> Iterator[IO[bytes]]:
        """Open the content for random access: a packed one is unpacked to a temporary file."""
        with self.opened() as handle:
            if not self.packed:
                yield handle
                return
            with tempfile.TemporaryFile() as unpacked:
                shutil.copyfileobj(handle, unpacked, PIECE)
                unpacked.seek(0)
                yield unpacked

    def sha256(self) -> str:
        """Return the digest of the unpacked content."""
        digest = hashlib.sha256()
        with self.opened() as handle:
            while piece := handle.read(PIECE):
                digest.update(piece)
        return digest.hexdigest()


def look(path: Path) -> Content:
    """Return what a file is, by its content; its name doesn't matter.

    Raises:
        DatasetError: it can't be read, or is of a kind that has no rows.
    """
    if path.is_dir():
        raise DatasetError(f"{path} is a folder: specify the file in it")
    with translated(path):
        if path.exists() and not path.is_file():
            raise DatasetError(
                f"{path} is a pipe or device, and a file is read more than once: save it as a file"
            )
        head = _head(path)
        if head.startswith(_GZIP):
            return Content(path=path, packed="gzip", kind=_kind(path, _head(path, "gzip")))
        if head.startswith(_ZIP) and not zipfile.is_zipfile(path):
            raise zipfile.BadZipFile("it is cut short")
        if head.startswith(_ZIP):
            _require_no_document(path)
        if head.startswith(_ZIP) and not _is_workbook(path):
            member = _only_member(path)
            kind = _kind(path, _head(path, "zip", member))
            return Content(path=path, packed="zip", member=member, kind=kind)
        return Content(path=path, kind=_kind(path, head))


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Translate errors of reading `path` to DatasetError."""
    try:
        yield
    except FileNotFoundError as error:
        raise DatasetError(
            f"{path}: no such file; specify the shop's file, or create one with `ecom sample`"
        ) from error
    except _DAMAGED as error:
        raise DatasetError(f"{path} is a damaged gzip file ({error}): get it again") from error
    except zipfile.BadZipFile as error:
        raise DatasetError(f"{path} is a damaged zip file ({error}): get it again") from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}") from error


def _unpacked(path: Path, packed: str, member: str) -> IO[bytes]:
    if packed == "gzip":
        return cast("IO[bytes]", igzip.open(path, "rb"))
    if packed == "zip":
        return zipfile.ZipFile(path).open(member)
    return path.open("rb")


def _head(path: Path, packed: str = "", member: str = "") -> bytes:
    with _unpacked(path, packed, member) as handle:
        return handle.read(_HEAD)


def _kind(path: Path, head: bytes) -> Kind:
    """Return a kind by a content's first bytes; refuse kinds known to have no rows."""
    if not head:
        raise DatasetError(f"{path} is empty: get the data set again")
    if head.startswith(_PARQUET):
        return "parquet"
    if head.startswith(_ZIP):
        return "workbook"
    if fault := _fault(path, head):
        raise DatasetError(f"{path} {fault}")
    return "text"


def _fault(path: Path, head: bytes) -> str:
    """Return what a content without rows is, and what to do; '' if it may have rows."""
    packing = "tar" if head.startswith(_TAR, _TAR_AT) else _found(_PACKINGS, head)
    if packing:
        return f"has a content packed with {packing}: unpack it, and specify the file in it"
    if _is_utf32(head):
        return "is UTF-32: save it as UTF-8"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start.startswith(_HTML):
        return _found(_OTHER_KINDS, start)
    if path.suffix.lower() in {".xls", ".xlsx"} or any(mark in start for mark in _HTML_TABLE):
        return "is a web page with a table: open it in Excel and save it as .xlsx"
    return "is a web page, not the file it links to: download the file"


def _found(said: Mapping[bytes, str], head: bytes) -> str:
    return next((text for mark, text in said.items() if head.startswith(mark)), "")


def _require_no_document(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        found = set(archive.namelist()) & set(_DOCUMENTS)
    if found:
        raise DatasetError(f"{path} is {_DOCUMENTS[found.pop()]}: save its table as .xlsx")


def _is_utf32(head: bytes) -> bool:
    """Return whether a text has four bytes a character, by its mark or its first two characters."""
    zeros = b"\0\0\0"
    return (
        head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE))
        or head[1:4] == head[5:8] == zeros
        or head[:3] == head[4:7] == zeros
    )


def _is_workbook(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return "[Content_Types].xml" in archive.namelist()


def _only_member(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        files = [each for each in archive.infolist() if not _is_litter(each)]
    if len(files) != 1:
        names = ", ".join(each.filename for each in files[:5])
        raise DatasetError(
            f"{path} has {len(files)} files ({names}): unpack it, and specify the one to send"
        )
    if files[0].flag_bits & 1:
        raise DatasetError(f"{path} is encrypted: unpack it with its password")
    return files[0].filename


def _is_litter(file: zipfile.ZipInfo) -> bool:
    """Return whether an entry is a folder, or what macOS and Windows add to archives."""
    name = file.filename
    return (
        file.is_dir()
        or name.startswith("__MACOSX/")
        or name.rpartition("/")[2] in {".DS_Store", "Thumbs.db", "desktop.ini"}
    )
