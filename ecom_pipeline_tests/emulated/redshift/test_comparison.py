"""Texts are compared by Amazon Redshift's manual: blanks at their end do not count.

The first tests are AWS's own examples. https://docs.aws.amazon.com/redshift/latest/dg/
r_Character_types.html and r_Examples_with_character_types.html. Needs only `connect`.
"""

from typing import Any

import pytest
from redshift_connector import ProgrammingError

from ecom_pipeline_tests.emulated.redshift.server import LocalRedshift

pytestmark = pytest.mark.redshift_live

ADDRESS = """create table address(
address_id integer,
address1 varchar(100),
address2 varchar(50),
district varchar(20),
city_name char(20),
state char(2),
postal_code char(5)
)"""


@pytest.fixture
def address(cursor: Any) -> Any:
    """A cursor in a transaction that has made AWS's table, with its two rows."""
    cursor.execute(ADDRESS)
    cursor.execute("insert into address(address1) values('9516 Magnolia Boulevard')")
    cursor.execute("insert into address(address1) values('9516 Magnolia Boulevard  ')")
    return cursor


def value(cursor: Any, sql: str, arguments: Any = None) -> Any:
    cursor.execute(sql, arguments)
    ((found,),) = cursor.fetchall()
    return found


def test_blanks_at_the_end_of_a_varchar_do_not_count_as_aws_shows(address: Any) -> None:
    same = "select count(*) from address where address1='9516 Magnolia Boulevard'"
    assert value(address, same) == 2


def test_length_counts_the_blanks_of_a_varchar_as_aws_shows(address: Any) -> None:
    address.execute("select length(address1) from address order by 1")
    assert address.fetchall() == ([23], [25])


def test_length_does_not_count_the_blanks_of_a_char_as_aws_says(address: Any) -> None:
    address.execute("update address set city_name = 'Augusta   '")
    address.execute("select distinct length(city_name), len(city_name) from address")
    assert address.fetchall() == ([7, 7],)


def test_a_char_loses_its_blanks_as_another_text_type_as_aws_says(address: Any) -> None:
    address.execute("update address set city_name = 'Augusta   '")
    assert (
        value(address, "select distinct city_name::varchar(20) || '|' from address") == "Augusta|"
    )


def test_a_text_too_long_is_refused_and_a_cast_cuts_it_as_aws_shows(address: Any) -> None:
    insert = "insert into address(city_name) values('City of South San Francisco'{})"
    address.execute(insert.format("::char(20)"))
    cut = "select city_name from address where city_name is not null"
    assert value(address, cut).rstrip() == "City of South San Fr"
    with pytest.raises(ProgrammingError, match="value too long for type character"):
        address.execute(insert.format(""))


def test_blanks_beyond_the_length_are_cut_as_aws_says(address: Any) -> None:
    address.execute("update address set district = 'd' || repeat(' ', 30)")
    assert value(address, "select max(len(district)) from address") == 20


# 'a' three times, with none, one and two blanks behind; a text that is another one; NULL
TEXTS = """with t (n, v, c) as (
  select 1, 'a'::varchar(9), 'a'::char(3) union all select 2, 'a ', 'a' union all
  select 3, 'a  ', 'b' union all select 4, ' a', ' a' union all select 5, null, null) """
CASES = [
    ("count(*) from t where v = 'a '", 3),
    ("count(*) from t where v = 'a'::text", 3),
    ("count(*) from t where v <> 'a'", 1),
    ("count(*) from t where not v = 'a   '", 1),
    ("count(*) from t where v < 'a '", 1),
    ("count(*) from t where v >= 'a  '", 3),
    ("count(*) from t where v between 'a  ' and 'a'", 3),
    ("count(*) from t where upper(v) = 'A'", 3),
    ("count(*) from t where v || ' ' = 'a'", 3),
    ("count(*) from t where v in ('a   ', 'x')", 3),
    ("count(*) from t where v not in ('a   ', 'x')", 1),
    ("count(*) from t where v in ('a','b','c','d','e','f','g','h','i','j','k')", 3),
    ("count(*) from t where v in (select c from t)", 4),
    ("count(*) from t where v = any (select 'a  ')", 3),
    ("count(*) from t where (v, n) = ('a', 2)", 1),
    ("count(*) from t where v = c", 3),
    ("count(*) from t where c = 'a      '", 2),
    ("count(*) from t x join t y on x.v = y.v", 10),
    ("count(*) from t x join t y using (v)", 10),
    ("count(*) from t x left join (select 'a      ' as k) y on x.v = y.k where k is null", 2),
    ("count(*) from t where exists (select 1 from (select 'a ' as k) y where y.k = t.v)", 3),
    ("count(distinct v) from t", 2),
    ("count(*) from (select v from t group by v)", 3),
    ("count(*) from (select distinct v from t)", 3),
    ("count(*) from (select v from t union select 'a    ')", 3),
    ("count(*) from (select v from t intersect select 'a    ')", 1),
    ("count(*) from (select v from t except select 'a    ')", 2),
    ("max(r) from (select row_number() over (partition by v order by n) r from t)", 3),
    ("max(r) from (select dense_rank() over (order by v) r from t)", 3),
    ("count(*) from (select v from t where n < 4 qualify rank() over (order by v) = 1)", 3),
    ("sum(case v when 'a' then 1 else 0 end) from t", 3),
    ("count(nullif(v, 'a    ')) from t", 1),
    ("sum(decode(v, 'a    ', 1, 0)) from t", 3),
    ("count(*) from t where min_v = 'a' and max_v = 'a'", 1),
    ("count(*) from t where greatest(v, 'a   ') = 'a'", 5),
    # what is not a comparison sees the blanks
    ("count(*) from t where v like 'a'", 1),
    ("count(*) from t where v like 'a%'", 3),
    ("count(*) from t where v ~ '^a$'", 1),
    ("count(*) from t where len(v) = 1", 1),
    ("sum(octet_length(v)) from t", 8),
    ("count(distinct md5(v)) from t", 4),
    ("count(*) from t where charindex(' ', v) > 0", 3),
]  # fmt: skip


@pytest.mark.parametrize(("query", "expected"), CASES)
def test_every_comparison_disregards_blanks_at_the_end(
    cursor: Any, query: str, expected: int
) -> None:
    widened = query.replace(
        "from t where min_v",
        "from (select min(v) min_v, max(v) max_v from t where n < 4) where min_v",
    )
    assert value(cursor, f"{TEXTS} select {widened}") == expected


@pytest.mark.parametrize("way", ["enable_hashjoin", "enable_mergejoin", "enable_nestloop"])
def test_every_way_to_join_disregards_blanks_at_the_end(cursor: Any, way: str) -> None:
    for each in {"enable_hashjoin", "enable_mergejoin", "enable_nestloop"} - {way}:
        cursor.execute(f"set {each} to off")
    assert value(cursor, f"{TEXTS} select count(*) from t x join t y on x.v = y.v") == 10


@pytest.mark.parametrize("way", ["enable_hashagg", "enable_sort"])
def test_every_way_to_group_disregards_blanks_at_the_end(cursor: Any, way: str) -> None:
    cursor.execute(f"set {way} to off")
    assert value(cursor, f"{TEXTS} select count(*) from (select v from t group by v)") == 3


def test_a_parameter_is_compared_in_the_same_way(cursor: Any) -> None:
    assert value(cursor, TEXTS + "select count(*) from t where v = %s", ("a     ",)) == 3
    assert value(cursor, TEXTS + "select count(*) from t where %s = c", ("a     ",)) == 2
    assert value(cursor, "select count(*) from (select 1) where %s = %s", ("a ", "a")) == 1
    assert value(cursor, "select count(*) where '2010-12-01'::date = %s", ("2010-12-01",)) == 1


def test_changes_find_their_rows_in_the_same_way(cursor: Any) -> None:
    cursor.execute("create temp table k (v varchar(9), n int)")
    cursor.execute("insert into k values ('a', 1), ('a ', 2), ('b', 3)")
    cursor.execute("create temp table s (v varchar(9))")
    cursor.execute("insert into s values ('a   ')")
    cursor.execute("update k set n = 10 where v = 'a  '")
    assert value(cursor, "select sum(n) from k") == 23
    cursor.execute("delete from k using s where k.v = s.v")
    assert value(cursor, "select count(*) from k") == 1
    merge = "merge into k using s on k.v = s.v when matched then update set n = 0"
    cursor.execute(merge + " when not matched then insert values (s.v, 7)")
    assert value(cursor, "select len(v) from k where n = 7") == 4


def test_texts_sort_without_their_blanks(cursor: Any) -> None:
    cursor.execute("select v from (select 'a' || chr(9) as v union all select 'a  ') order by v")
    assert cursor.fetchall() == (["a  "], ["a\t"])
    assert (
        value(cursor, "select max(v) from (select 'a  ' as v union select 'a' || chr(9))") == "a\t"
    )


def test_a_database_made_later_compares_in_the_same_way(
    redshift: LocalRedshift, database: str
) -> None:
    with redshift.connect(database) as connection:
        assert value(connection.cursor(), "select 'a' = 'a '") is True
