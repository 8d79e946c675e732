"""domain.ndjson: an object gives its lines back, or an error that it is damaged."""

import gzip
import zlib
from hashlib import sha256

import pytest
from isal import isal_zlib

from ecom_pipeline.domain import ndjson
from ecom_pipeline_tests.builders import accepted, payload, read_accepted


def packed(rows=3):
    return ndjson.pack(accepted(payload(event_id=f"e-{n}")) for n in range(rows))


def test_the_same_records_make_the_same_bytes():
    assert packed() == packed()


@pytest.mark.parametrize("library", [zlib, isal_zlib])
def test_an_object_gives_its_lines_back(library):
    found = packed()
    lines = list(ndjson.unpack("key", found.body, found.metadata, library))
    assert [read_accepted(line).event_id for line in lines] == ["e-0", "e-1", "e-2"]


@pytest.mark.parametrize("cut", [1, 8, 40])
def test_an_object_cut_short_is_refused(cut):
    found = packed()
    with pytest.raises(ndjson.DamagedObjectError, match="key"):
        list(ndjson.unpack("key", found.body[:-cut], found.metadata))


@pytest.mark.parametrize("library", [zlib, isal_zlib])
@pytest.mark.parametrize(
    "spoil", [lambda b: b[:-9], lambda b: b[:30] + b"!" + b[31:], lambda _: b"{}"]
)
def test_an_object_that_was_written_damaged_is_refused(spoil, library):
    found = packed()
    body = spoil(found.body)
    metadata = found.metadata | {"sha256": sha256(body).hexdigest()}
    with pytest.raises(ndjson.DamagedObjectError, match="key"):
        list(ndjson.unpack("key", body, metadata, library))


def test_a_copy_that_lost_its_metadata_is_refused_as_what_it_is():
    with pytest.raises(ndjson.DamagedObjectError, match="copied without its metadata"):
        list(ndjson.unpack("key", packed().body, {}))


def test_an_object_cut_at_a_line_and_packed_again_is_refused():
    found = packed()
    shorter = gzip.compress(b"\n".join(gzip.decompress(found.body).split(b"\n")[:2]) + b"\n")
    with pytest.raises(ndjson.DamagedObjectError):
        list(ndjson.unpack("key", shorter, found.metadata))
