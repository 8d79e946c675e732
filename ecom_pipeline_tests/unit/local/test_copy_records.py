"""local.redshift.records: PostgreSQL gets the same records for any chunks of S3's bytes."""

import csv
import io
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline.local.redshift.dialect.statement import Copy
from ecom_pipeline.local.redshift.records import Column, records

MARK = "\x1f"
COPY = Copy(table="stage", columns=(), source="", ignore_header=1, empty_as_null=True, null_as=MARK)
COLUMNS = [Column("a", "character varying(9)"), Column("b", "character varying(9)")]
FIELDS = st.sampled_from(["", MARK, f"x{MARK}", "plain", 'a "quote"', "two\nlines", "a,b", '"\n"'])
ROWS = st.lists(st.tuples(FIELDS, FIELDS), min_size=1, max_size=8)


@settings(max_examples=settings().max_examples // 2)
@given(ROWS, st.lists(st.integers(0, 200), max_size=12))
def test_a_mark_and_an_empty_field_are_null_wherever_the_bytes_are_cut(rows, cuts):
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([("a", "b"), *rows])
    body = text.getvalue().encode()
    places = [0, *sorted(cut % len(body) for cut in cuts), len(body)]
    chunks = [body[a:b] for a, b in pairwise(places)]
    found = b"".join(records(COPY, COLUMNS, chunks)).decode()
    null = {"": None, MARK: None}  # an empty field is NULL: copy_options
    expected = [tuple(null.get(field, field) for field in row) for row in rows]
    read = csv.reader(io.StringIO(found, newline=""))
    assert [tuple(field or None for field in record) for record in read] == expected
