"""What a file is that has no rows to read: said in one sentence, with what to do."""

import bz2
import gzip
import io
import os
import tarfile
import zipfile

import pytest

from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.replay.choices import AS_IT_IS
from ecom_pipeline.replay.content import look
from ecom_pipeline.replay.errors import DatasetError
from ecom_pipeline.replay.source import Source

ROWS = "InvoiceNo,StockCode\n1,2\n"
AS_BYTES = ROWS.encode()
PACKED = gzip.compress(AS_BYTES, mtime=0)


def archive(*names):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name in names:
            file.writestr(name, "x")
    return packed.getvalue()


def tarred():
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as file:
        entry = tarfile.TarInfo("rows.csv")
        entry.size = len(AS_BYTES)
        file.addfile(entry, io.BytesIO(AS_BYTES))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.ods", archive("mimetype", "content.xml"), "an OpenDocument file: save its table as"),
        ("a.xlsb", archive("[Content_Types].xml", "xl/workbook.bin"), "an .xlsb workbook: save"),
        ("a.docx", archive("[Content_Types].xml", "word/document.xml"), "a Word document: save"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old or encrypted workbook: save it as"),
        (
            "a.xls",
            b"<html><head>",
            "a web page with a table: open it in Excel and save it as .xlsx",
        ),
        ("a.csv", b"<table><tr><td>InvoiceNo", "a web page with a table"),
        ("a.csv", b"<!DOCTYPE html><html>", "not the file it links to: download"),
        ("a.csv.bz2", bz2.compress(AS_BYTES), "packed with bzip2: unpack it"),
        ("a.csv.gz", gzip.compress(PACKED, mtime=0), "packed with gzip: unpack it"),
        ("a.tar.gz", gzip.compress(tarred(), mtime=0), "packed with tar: unpack it"),
        ("a.tar", tarred(), "packed with tar: unpack it"),
        ("a.csv", ROWS.encode("utf-32"), "UTF-32: save it as UTF-8"),
        ("a.csv", ROWS.encode("utf-32-le"), "UTF-32: save it as UTF-8"),
        ("a.csv", ROWS.encode("utf-32-be"), "UTF-32: save it as UTF-8"),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DatasetError) as caught:
        look(path)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_pipe_is_refused_before_it_is_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DatasetError, match=r"a pipe or device, .*: save it as a file"):
        look(tmp_path / "pipe")


def test_a_line_that_is_too_long_for_csv_is_no_traceback(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("x" * 200_000 + ",\n")
    with pytest.raises(DatasetError, match="its header lacks InvoiceNo") as caught:
        Source(path, AS_IT_IS)
    assert len(str(caught.value)) < 500
    path.write_text(f"{','.join(DATA_SET_KEYS)}\n\n{'x' * 200_000},\n")
    with pytest.raises(DatasetError, match=r"line 3: .* a field has more than 131,072 characters"):
        Source(path, AS_IT_IS)


def test_a_zip_file_in_a_zip_file_is_told(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("rows.zip", archive("rows.csv"))
    with pytest.raises(DatasetError, match=r"another zip file in it .*: save it again, unpacked"):
        Source(path, AS_IT_IS)
