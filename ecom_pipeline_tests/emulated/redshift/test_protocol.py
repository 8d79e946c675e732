"""The protocol's versions, of which the driver asks for 2: its binary reader reads every type.

Needs only `connect`, but for the tests that choose another version.
"""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from redshift_connector import ProgrammingError
from redshift_connector.utils.type_utils import numeric_in_binary

from ecom_pipeline_tests.emulated.redshift.server import LocalRedshift

moment = datetime.fromisoformat  # without a zone, as Redshift's timestamps are

VALUES = [
    ("smallint", "-32768", -32768),
    ("smallint", "32767", 32767),
    ("int", "-2147483648", -2147483648),
    ("int", "2147483647", 2147483647),
    ("bigint", "-9223372036854775808", -9223372036854775808),
    ("bigint", "9223372036854775807", 9223372036854775807),
    ("real", "1.5", 1.5),
    ("float8", "1.7976931348623157e308", 1.7976931348623157e308),
    ("float8", "-2.2250738585072014e-308", -2.2250738585072014e-308),
    ("float8", "Infinity", float("inf")),
    ("bool", "true", True),
    ("bool", "false", False),
    ("decimal(1,0)", "-9", Decimal(-9)),
    ("decimal(12,4)", "0", Decimal("0.0000")),
    ("decimal(12,4)", "-0.0001", Decimal("-0.0001")),
    ("decimal(12,4)", "99999999.9999", Decimal("99999999.9999")),
    ("decimal(18,0)", "999999999999999999", Decimal(999999999999999999)),
    ("decimal(18,18)", "-0.999999999999999999", Decimal("-0.999999999999999999")),
    ("decimal(19,0)", "9223372036854775807", Decimal(9223372036854775807)),
    ("decimal(19,0)", "-9223372036854775807", Decimal(-9223372036854775807)),
    ("decimal(20,0)", "99999999999999999999", Decimal(99999999999999999999)),
    ("decimal(22,4)", "-53594.36", Decimal("-53594.3600")),
    ("decimal(28,0)", "9" * 28, Decimal("9" * 28)),
    ("decimal(38,37)", "1." + "0" * 26 + "1", Decimal("1." + "0" * 26 + "1")),
    ("varchar(9)", "£ ", "£ "),
    ("varchar(9)", "", ""),
    ("varchar(65535)", "x" * 65535, "x" * 65535),
    ("char(3)", "a", "a  "),
    ("date", "1970-01-01", date(1970, 1, 1)),
    ("date", "1613-01-01", date(1613, 1, 1)),
    ("date", "9999-12-31", date(9999, 12, 31)),
    ("date", "2000-02-29", date(2000, 2, 29)),
    ("time", "00:00:00", time(0)),
    ("time", "23:59:59.5", time(23, 59, 59, 500000)),
    ("timetz", "12:00:00+02", time(10, tzinfo=UTC)),
    ("timestamp", "0001-01-01 00:00:00", moment("0001-01-01")),
    ("timestamp", "9999-12-31 23:59:59.999999", moment("9999-12-31T23:59:59.999999")),
    ("timestamp", "1999-12-31 23:59:59.5", moment("1999-12-31T23:59:59.5")),
    ("timestamptz", "2011-07-01 12:00+01", datetime(2011, 7, 1, 11, tzinfo=UTC)),
]  # fmt: skip


@pytest.mark.redshift_live
@pytest.mark.parametrize(("type_", "text", "expected"), VALUES)
def test_the_binary_reader_reads_a_value_at_the_border_of_its_type(
    cursor: Any, type_: str, text: str, expected: object
) -> None:
    cursor.execute(f"create temp table b (v {type_}, n {type_})")
    cursor.execute("insert into b values (%s, null)", (text,))
    cursor.execute("select v, n, 7 from b")
    assert cursor.fetchall() == ([expected, None, 7],)
    assert type(expected) is type(cursor.execute("select v from b").fetchone()[0])


@pytest.mark.redshift_live
def test_the_binary_reader_is_the_one_that_reads(cursor: Any) -> None:
    cursor.execute("select 1.5::decimal(4,2)")
    assert cursor._c._client_protocol_version == 2
    assert cursor.ps["input_funcs"] == (numeric_in_binary,)
    assert str(cursor.fetchone()[0]) == "1.50"


@pytest.mark.redshift_live
def test_a_difference_of_moments_is_read(cursor: Any) -> None:
    cursor.execute("select '2010-12-03 01:00'::timestamp - '2010-12-01'::timestamp")
    assert cursor.fetchone() == [timedelta(days=2, hours=1)]


@pytest.mark.redshift_live
def test_a_sum_is_exact(cursor: Any) -> None:
    cursor.execute("create temp table s (a decimal(22,4), n int)")
    cursor.execute("insert into s values (99999999999999.9999, 3), (0.0001, 2), (-0.5, 1)")
    cursor.execute("select sum(a), sum(a * n), min(a), max(a), sum(n), count(*) from s")
    expected = ["99999999999999.5000", "299999999999999.4999", "-0.5", "99999999999999.9999"]
    assert cursor.fetchone() == [*map(Decimal, expected), 6, 3]


@pytest.mark.redshift_live
def test_a_column_is_told_where_it_comes_from(cursor: Any) -> None:
    cursor.execute("create schema origin")
    cursor.execute("create table origin.t (a int not null, i bigint identity(1,1), d decimal(9,2))")
    cursor.execute("select a as x, i, d, d + 1 as e from origin.t")
    told = [
        (c["schema_name"], c["table_name"], c["column_name"], c["nullable"], c["autoincrement"])
        for c in cursor.ps["row_desc"]
    ]
    assert told == [
        (b"origin", b"t", b"a", 0, 0),
        (b"origin", b"t", b"i", 0, 1),
        (b"origin", b"t", b"d", 1, 0),
        (b"", b"", b"", 1, 0),
    ]
    assert [c["label"] for c in cursor.ps["row_desc"]] == [b"x", b"i", b"d", b"e"]


@pytest.mark.parametrize("protocol", [0, 1, 2])
def test_every_version_reads_the_same(redshift: LocalRedshift, protocol: int) -> None:
    with redshift.connect(client_protocol_version=protocol) as connection:
        cursor = connection.cursor()
        assert connection._client_protocol_version == protocol
        for _ in range(2):  # prepared, and again
            cursor.execute("select 2.55::decimal(12,4), '2010-12-01'::date, 'a', %s", (1.5,))
            expected = [Decimal("2.55"), date(2010, 12, 1), "a", 1.5]
            assert cursor.fetchone() == expected
            cursor.execute(
                "fetch 2 from c" if _ else "declare c cursor for select 1.5::decimal(4,2)"
            )
        assert cursor.fetchone() == [Decimal("1.50")]


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("select 9999999999999999999::decimal(19,0)", "Numeric data overflow"),
        (f"select n, {'9' * 18}.0 * {'9' * 18} * {'9' * 18} from (select 1 as n)", "overflow"),
        ("select n from (select 1.5::decimal(4,2) as n union all select 'NaN'::decimal(4,2)) t",
         "NaN does not exist"),
    ],
)  # fmt: skip
def test_a_number_that_redshift_has_no_type_for_is_an_error(
    cursor: Any, sql: str, why: str
) -> None:
    with pytest.raises(ProgrammingError, match=why) as caught:
        cursor.execute(sql)
    assert caught.value.args[0]["C"] == "22003"
    with pytest.raises(ProgrammingError, match="current transaction is aborted"):
        cursor.execute("select 1")
    cursor.execute("rollback")
    cursor.execute("select 1.5::decimal(4,2)")
    assert cursor.fetchone() == [Decimal("1.50")]


SCALES = [
    ("sum(a) from t", "10.0500"),
    ("sum(a * n) from t", "20.1000"),
    ("sum(a * a) from t", "101.00250000"),
    ("sum(a) + 1.123456 from t", "11.173456"),
    ("-min(a) - max(n) from t", "-12.0500"),
    ("coalesce(sum(a), 0) from t", "10.0500"),
    ("case when max(n) > 1 then 1.5 else sum(a) end from t", "1.5000"),
    ("case when max(n) > 1 then 1.5 end from t", "1.5"),
    ("nullif(sum(a), 1.5) from t", "10.0500"),
    ("greatest(1.5, 1.25) from t", "1.50"),
    ("round(sum(a), 1) from t", "10.1"),
    ("trunc(sum(a), 1) from t", "10.0"),
    ("abs(sum(a))::decimal(9,3) from t", "10.050"),
    ("sum(n::bigint) from t", "2"),
    ("(select sum(s) from v) from t", "10.0500"),
    ("(select s * 1.5 from v) from t", "15.07500"),
    ("(select max(k) from (values (1.5), (2.25)) as w (k)) from t", "2.25"),
    ("(select max(k) from (select 2 as k union all select 1.25) as w) from t", "2.00"),
    ("max(b) from (select a as b from t union select a * a from t) as w", "101.00250000"),
    ("max(x.b) from (select sum(a) over (partition by n) as b from t) as x", "10.0500"),
    ("sum(l) from (select lag(a) over (order by n) as l from t) as x", None),
    ("sum(x.b * y.k) from (select a as b from t) x join (select 2.0 as k) y on true", "20.10000"),
    ("sum(b) from (with c as (select a * 2 as b from t) select b from c) as x", "20.1000"),
    ("sum(b) from (with c as (select a * 2 as b from t) select b from (select b from c) as d) as x",
     "20.1000"),
    ("(select x.b * k from (values (1.5)) as w (k)) from (select a * 2 as b from t) as x",
     "30.15000"),
    ("sum(a) as b from t group by n having sum(a) > 1 order by sum(a)", "10.0500"),
    ("a * 2 as b from t group by a, n", "20.1000"),
    # what is not known has 20 digits, and the same value
    ("sum(a) / 2 from t", "5.02500000000000000000"),
    ("avg(a) from t", "10.05000000000000000000"),
]  # fmt: skip


@pytest.mark.parametrize(("shown", "expected"), SCALES)
def test_a_computed_number_has_the_scale_that_redshift_documents(
    cursor: Any, shown: str, expected: str | None
) -> None:
    cursor.execute("create temp table t (a decimal(12,4), n int)")
    cursor.execute("insert into t values (10.05, 2)")
    cursor.execute("create view v as select n, sum(a) as s from t group by n")
    cursor.execute(f"select {shown}")
    (value,) = cursor.fetchone()
    assert value is expected is None or str(value) == expected


def test_a_client_hears_what_it_wants_to_hear(cursor: Any, redshift: LocalRedshift) -> None:
    cursor.execute("set client_min_messages to notice")
    cursor._c.notices.clear()
    cursor.execute("select 1.5 + %s, 'no customer of ours'", (Decimal("1.25"),))
    assert cursor.fetchone()[0] == Decimal("2.75")
    cursor.execute("show client_min_messages")
    assert cursor.fetchone() == ["notice"]
    assert not cursor._c.notices
    assert "no customer of ours" not in (redshift.home / "postgres.log").read_text()
