"""What is not as Amazon Redshift: each test shows it, and README.md beside the code lists it.

A difference that is mended fails here, and leaves the list.
"""

import subprocess
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from redshift_connector import ProgrammingError

from ecom_pipeline.local.redshift.postgres import bundled_binaries
from ecom_pipeline_tests.emulated.redshift.conftest import Connect
from ecom_pipeline_tests.emulated.redshift.lake import CSV, ROLE, Lake
from ecom_pipeline_tests.emulated.redshift.server import LocalRedshift


def value(cursor: Any, sql: str) -> Any:
    cursor.execute(sql)
    ((found,),) = cursor.fetchall()
    return found


def test_a_role_is_not_checked(cursor: Any, lake: Lake) -> None:
    lake.put("role.csv", b"1\n")
    cursor.execute("create temp table t (a int)")
    nobody = "iam_role 'arn:aws:iam::999999999999:role/nobody'"
    cursor.execute(f"copy t from '{lake.url('role.csv')}' {nobody} csv")
    assert value(cursor, "select a from t") == 1


def test_copy_reads_dates_that_redshift_refuses(cursor: Any, lake: Lake) -> None:
    lake.put("dates.csv", b"yesterday\n")
    cursor.execute("create temp table t (a date)")
    cursor.execute(f"copy t from '{lake.url('dates.csv')}' {ROLE} csv dateformat 'auto'")
    assert value(cursor, "select a < getdate() from t") is True


def test_load_errors_show_no_value(connect: Connect, lake: Lake) -> None:
    cursor = connect().cursor()
    lake.put_csv("value.csv.gz", "a customer")
    cursor.execute("create temp table t (a int)")
    with pytest.raises(ProgrammingError):
        cursor.execute(f"copy t from '{lake.url('value.csv.gz')}' {ROLE} {CSV}")
    cursor.execute("rollback")
    assert value(cursor, "select raw_line || raw_field_value from stl_load_errors") == ""


def test_a_transaction_sees_the_system_tables_as_they_were(connect: Connect, lake: Lake) -> None:
    cursor = connect().cursor()
    lake.put("seen.csv", b"1\n")
    cursor.execute("create temp table t (a int)")
    assert value(cursor, "select count(*) from sys_load_history") == 0
    cursor.execute(f"copy t from '{lake.url('seen.csv')}' {ROLE} csv")
    assert value(cursor, "select count(*) from sys_load_history") == 0
    cursor.execute("commit")
    assert value(cursor, "select count(*) from sys_load_history") == 1


def test_a_late_binding_view_is_bound(cursor: Any) -> None:
    with pytest.raises(ProgrammingError, match="42P01"):
        cursor.execute("create view late as select a from public.nowhere with no schema binding")


def test_a_materialized_view_does_not_refresh_itself(cursor: Any) -> None:
    cursor.execute("create table base (a int)")
    cursor.execute("create materialized view mv auto refresh yes as select a from base")
    cursor.execute("insert into base values (1)")
    assert value(cursor, "select count(*) from mv") == 0
    cursor.execute("refresh materialized view mv")
    assert value(cursor, "select count(*) from mv") == 1


def test_a_view_has_no_lateral_aliases(cursor: Any) -> None:
    with pytest.raises(ProgrammingError, match='column "b" does not exist'):
        cursor.execute("create view v as select 1 as b, b + 1 as c")


def test_a_quotient_has_the_digits_of_postgresql(cursor: Any) -> None:
    quotient = value(cursor, "select 8::decimal(8,2) / 3::decimal(8,2)")
    assert quotient == Decimal("2.6666666666666667"), "DECIMAL(17,9) by AWS's rule"
    cursor.execute("create temp table t (a decimal(8,2))")
    cursor.execute("insert into t values (1), (2), (2)")
    assert value(cursor, "select avg(a) from t") == Decimal("1.6666666666666667")


def test_varchar_counts_characters_outside_columns(cursor: Any) -> None:
    assert value(cursor, "select '£££'::varchar(3)") == "£££"
    assert value(cursor, "select len(repeat('x', 300)::varchar)") == 300
    cursor.execute("create temp table made as select '££'::varchar(2) as a")
    assert value(cursor, "select octet_length(a) from made") == 4


def test_blanks_beyond_the_bytes_of_a_column_are_refused(cursor: Any) -> None:
    cursor.execute("create temp table t (a varchar(4))")
    with pytest.raises(ProgrammingError, match="22001"):
        cursor.execute("insert into t values ('££ ')")


def test_char_takes_what_is_not_ascii(cursor: Any) -> None:
    cursor.execute("create temp table t (a char(2))")
    cursor.execute("insert into t values ('££')")
    assert value(cursor, "select a from t") == "££"


def test_names_of_the_catalog_are_compared_with_their_blanks(cursor: Any) -> None:
    assert value(cursor, "select count(*) from pg_class where relname = 'pg_class '") == 0


def test_any_of_equal_texts_stands_for_its_group(cursor: Any) -> None:
    texts = "(select 'a' as v union all select 'a ' union all select 'a  ')"
    assert value(cursor, f"select v from {texts} group by v").rstrip() == "a"
    assert value(cursor, f"select distinct v from {texts}").rstrip() == "a"


def test_writers_of_different_rows_do_not_wait(connect: Connect) -> None:
    first, second = connect(), connect()
    first.cursor().execute("create table public.rows_of_two (id int)")
    first.cursor().execute("insert into public.rows_of_two values (1), (2)")
    first.commit()
    first.cursor().execute("update public.rows_of_two set id = 10 where id = 1")
    waiting = second.cursor()
    waiting.execute("set statement_timeout to 5000")
    waiting.execute("update public.rows_of_two set id = 20 where id = 2")
    first.commit()
    second.commit()


def test_a_text_of_several_statements_is_several_transactions(
    redshift: LocalRedshift, database: str
) -> None:
    place = f"host=127.0.0.1 port={redshift.port} dbname={database} user=me"
    psql = [str(bundled_binaries() / "psql"), place, "-XAt", "-c"]
    text = "create table t (a int); insert into t values (1); select 1/0"
    subprocess.run([*psql, text], capture_output=True, check=False, timeout=60)
    kept = subprocess.run([*psql, "select a from t"], capture_output=True, check=False, timeout=60)
    assert kept.stdout == b"1\n"


def test_reserved_words_and_limits_are_not_checked(cursor: Any) -> None:
    cursor.execute("create temp table t (tag int, snapshot date)")
    cursor.execute("insert into t values (1, '2010-12-01')")
    assert value(cursor, "select snapshot from t") == date(2010, 12, 1)


def test_qualify_needs_no_alias(cursor: Any) -> None:
    cursor.execute("create temp table t (a int)")
    cursor.execute("insert into t values (1), (2)")
    assert value(cursor, "select a from t qualify row_number() over (order by a) = 1") == 1
