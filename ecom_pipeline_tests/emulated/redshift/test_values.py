"""The values of expressions, by Amazon Redshift's manual. Needs only `connect`."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

pytestmark = pytest.mark.redshift_live

moment = datetime.fromisoformat  # without a time zone, as Redshift's timestamps

VALUES = [
    ("datediff(day, '2010-12-01 23:59'::timestamp, '2010-12-02 00:01'::timestamp)", 1),
    ("datediff(day, '2010-12-01 01:00'::timestamp, '2010-12-01 23:00'::timestamp)", 0),
    ("datediff(hour, '2010-12-01 23:59'::timestamp, '2010-12-02 00:01'::timestamp)", 1),
    ("datediff('month', '2010-12-31'::date, '2011-01-01'::date)", 1),
    ("datediff(qtr, '2010-12-31'::date, '2011-04-01'::date)", 2),
    ("datediff(year, '2010-12-31'::date, '2011-01-01'::date)", 1),
    ("datediff(week, '2010-12-04'::date, '2010-12-05'::date)", 1),
    ("dateadd(month, 1, '2011-01-31'::date)", moment("2011-02-28")),
    ("dateadd(day, -1, '2011-03-01'::timestamp)", moment("2011-02-28")),
    ("add_months('2011-02-28'::date, 1)", moment("2011-03-31")),
    ("months_between('2011-03-31'::date, '2011-02-28'::date)", 1.0),
    ("last_day('2011-02-03'::date)", date(2011, 2, 28)),
    ("trunc('2010-12-01 08:26'::timestamp)", date(2010, 12, 1)),
    ("trunc(2.567, 1)", Decimal("2.5")),
    ("date_trunc('month', '2010-12-09'::date)", moment("2010-12-01")),
    ("date_trunc('day', '2010-12-09 08:26'::timestamp)", moment("2010-12-09")),
    ("convert_timezone('Europe/London', 'UTC', '2011-07-01 12:00'::timestamp)",
     moment("2011-07-01T11:00")),
    ("to_char('2010-12-01 08:26'::timestamp, 'YYYY-MM-DD HH24:MI:SS')", "2010-12-01 08:26:00"),
    ("date_part(dow, '2010-12-05'::date)::int", 0),
    ("extract(year from '2010-12-05'::date)::int", 2010),
    ("'2010-12-05'::date - '2010-12-01'::date", 4),
    ("getdate() = getdate()::timestamp", True),
    ("sysdate > '2020-01-01'", True),
    ("7 / 2", 3),
    ("-7 / 2", -3),
    ("7 % 2", 1),
    ("2.55::decimal(12,4)::varchar", "2.5500"),
    ("(3 * 2.55::decimal(12,4))::varchar", "7.6500"),
    ("12::varchar", "12"),
    ("'a' || null", None),
    ("concat('a', null)", None),
    ("concat('a', 'b')", "ab"),
    ("nvl(null, 'x')", "x"),
    ("nvl2(null, 'x', 'y')", "y"),
    ("isnull(null, 5)", 5),
    ("coalesce(null, 'x')", "x"),
    ("nullif('', '')", None),
    ("decode(2, 1, 'one', 2, 'two', 'other')", "two"),
    (r"'a\\b'", "a\\b"),
    ("'it''s'", "it's"),
    ("'-- no comment; /* none */'", "-- no comment; /* none */"),
    ("len('£5')", 2),
    ("octet_length('£5')", 3),
    ("charindex('b', 'abc')", 2),
    ("left('abc', 2) || right('abc', 1) || chr(31)", "abc\x1f"),
    ("md5('a')", "0cc175b9c0f1b6a831c399e269772661"),
    ("strtol('ff', 16)", 255),
    ("strtol('-ff', 16)", -255),
    ("strtol('ffffffffffff', 16)", 281474976710655),
    ("strtol('101', 2)", 5),
    ("strtol(left(md5('a'), 12), 16)", 0x0CC175B9C0F1),
    ("strtol(left(md5('a'), 15), 16)", 0x0CC175B9C0F1B6A),
    ("strtol(left(md5(null), 12), 16)", None),
    ("1 + strtol(left(md5('a'), 1 + 1), 16)", 0x0D),
    ("regexp_substr('a-123', '[0-9]+')", "123"),
    ("regexp_replace('a1b2', '[0-9]', '')", "ab"),
    ("split_part('a-b', '-', 2)", "b"),
    ("json_extract_path_text('{\"a\":{\"b\":\"1\"}}', 'a', 'b')", "1"),
    ("greatest(1, null, 2)", 2),
    ("'ABC' ilike 'a%'", True),
    ("case when 1 = 1 then 'yes' end", "yes"),
    ("round(2.567, 2)", Decimal("2.57")),
]  # fmt: skip

SALES = """with sales (shop, d, n, price) as (
  select 'a', '2010-12-01'::date, 1, 2.5::decimal(12,4) union all
  select 'a', '2010-12-02'::date, 2, 1.25::decimal(12,4) union all
  select 'b', '2010-12-01'::date, null, 0.0001::decimal(12,4)) """
QUERIES = [
    ("select avg(n) from sales", [(1,)]),
    ("select sum(n), sum(n * price), count(n), count(*) from sales", [(3, Decimal("5.0"), 2, 3)]),
    ("select count(distinct shop) from sales", [(2,)]),
    ("select approximate count(distinct shop) from sales", [(2,)]),
    ("select median(n) from sales", [(Decimal("1.5"),)]),
    ("select listagg(shop, ',') within group (order by d desc, shop) from sales", [("a,a,b",)]),
    ("select listagg(distinct shop, '|') within group (order by shop) from sales", [("a|b",)]),
    ("select listagg(shop) within group (order by shop) from sales", [("aab",)]),
    ("select n from sales order by n desc limit 1", [(None,)]),
    ("select n from sales order by n limit 1", [(1,)]),
    ("select top 1 n from sales order by n", [(1,)]),
    ("select shop, n from sales qualify row_number() over (partition by shop order by d desc) = 1"
     " order by shop", [("a", 2), ("b", None)]),
    ("select d, lag(n) over (order by d) from sales where shop = 'a' order by d",
     [(date(2010, 12, 1), None), (date(2010, 12, 2), 1)]),
    ("select sum(n) over (order by d rows unbounded preceding) from sales where shop = 'a'"
     " order by 1", [(1,), (3,)]),
    ("select n, ratio_to_report(n) over () from sales where n > 0 order by n",
     [(1, pytest.approx(1 / 3)), (2, pytest.approx(2 / 3))]),
    ("select shop, count(*) from sales group by 1 having count(*) > 1", [("a", 2)]),
    ("select shop, sum(n) from sales group by grouping sets ((shop), ()) order by 1, 2",
     [("a", 3), ("b", None), (None, 3)]),
    ("select shop from sales minus select 'b'", [("a",)]),
    ("select shop from sales union select 'c' order by 1", [("a",), ("b",), ("c",)]),
    ('select "SHOP" from sales order by 1 limit 1', [("a",)]),
    ("select date_trunc('month', d), sum(price) from sales group by 1",
     [(moment("2010-12-01"), Decimal("3.7501"))]),
    ("select n + 1 as m, m * 2 as k from sales where m > 2", [(3, 6)]),
    ("select n * 10 as n, n + 1 from sales where n = 2", [(20, 3)]),
    ("select percentile_cont(0.5) within group (order by n) from sales", [(1.5,)]),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "expected"), VALUES)
def test_an_expression_has_the_value_redshift_documents(
    cursor: Any, expression: str, expected: object
) -> None:
    cursor.execute(f"select {expression}")
    (value,) = cursor.fetchone()
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(("query", "expected"), QUERIES)
def test_a_query_has_the_rows_redshift_documents(
    cursor: Any, query: str, expected: list[tuple[object, ...]]
) -> None:
    cursor.execute(SALES + query)
    assert [tuple(row) for row in cursor.fetchall()] == expected


@pytest.mark.parametrize(
    ("style", "place", "arguments"),
    [
        ("format", "%s", ("a", 1)),
        ("qmark", "?", ("a", 1)),
        ("numeric", ":1", ("a", 1)),
        ("named", ":shop", {"shop": "a", "n": 1}),
        ("pyformat", "%(shop)s", {"shop": "a", "n": 1}),
    ],
)
def test_every_parameter_style_of_the_driver_works(
    cursor: Any, style: str, place: str, arguments: Any
) -> None:
    other = {"numeric": ":2", "named": ":n", "pyformat": "%(n)s"}.get(style, place)
    cursor.paramstyle = style
    cursor.execute(f"{SALES} select d from sales where shop = {place} and n = {other}", arguments)
    assert cursor.fetchone() == [date(2010, 12, 1)]


def test_a_data_frame_has_the_columns_in_order(cursor: Any) -> None:
    cursor.execute(SALES + "select d, shop, n as items from sales order by d, shop")
    frame = cursor.fetch_dataframe()
    assert list(frame.columns) == ["d", "shop", "items"]
    assert len(frame) == 3


def test_a_large_result_arrives_whole(cursor: Any) -> None:
    digits = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 300) "
    cursor.execute(digits + "select a.i, b.i, md5('x') from n a cross join n b")
    assert len(cursor.fetchall()) == 90_000
