"""Redshift's DDL, its system views, its refusals, and clients other than its own driver."""

import subprocess
from typing import Any

import pytest
import redshift_connector

from ecom_pipeline.local.redshift.postgres import bundled_binaries
from ecom_pipeline_tests.emulated.redshift.conftest import Connect
from ecom_pipeline_tests.emulated.redshift.server import LocalRedshift

FACT = """
-- one line of an invoice
create table if not exists shop.lines (
  event_id varchar(128) not null encode zstd, invoice_no varchar(20) not null,
  description varchar(256), quantity integer not null default 1,
  invoice_time timestamp not null encode az64, invoice_date date not null,
  unit_price decimal(12,4) not null, amount decimal(22,4) not null, "Customer" varchar(5),
  primary key (event_id)
) diststyle auto compound sortkey (invoice_date, invoice_no);
"""
LEDGER = """create table if not exists shop.ledger (
  id bigint identity(1,1), day date not null distkey sortkey,
  loaded_at timestamp not null default getdate(), primary key (id))"""


@pytest.fixture
def shop(cursor: Any) -> Any:
    """A cursor in a transaction that has made the tables."""
    for sql in ("create schema if not exists shop", FACT, LEDGER):
        cursor.execute(sql)
    return cursor


STATEMENTS = [
    "create temp table stage (like shop.lines)",
    "create table shop.copied diststyle key distkey (day) sortkey (day) as"
    " select * from shop.ledger",
    "create table shop.plain (a int, b varchar(max), c text, d float8, e bool, f timestamptz)",
    "create table shop.auto (a int) diststyle auto sortkey auto encode auto",
    "create table shop.bk (a int unique references shop.ledger (id)) backup no"
    " interleaved sortkey (a)",
    "alter table shop.lines add column country varchar(64) encode zstd default 'it''s'",
    "alter table shop.lines alter column description type varchar(512)",
    "alter table shop.lines alter sortkey (invoice_no)",
    "alter table shop.lines alter diststyle even",
    "alter table shop.lines drop column description",
    "alter table shop.lines rename to lines_2",
    "drop table if exists shop.lines",
    "create or replace view shop.daily as select invoice_date, sum(amount) as revenue"
    " from shop.lines group by 1",
    "create view shop.late as select 1 as a with no schema binding",
    "create materialized view shop.mv auto refresh yes as select day from shop.ledger",
    "insert into shop.ledger (day) values ('2010-12-01'), ('2010-12-02')",
    "insert into shop.ledger (day) (select '2010-12-03'::date)",
    "delete from shop.ledger using shop.lines where ledger.day = lines.invoice_date",
    "delete from shop.ledger where day between '2010-12-01'"
    " and dateadd(day, 1, '2010-12-01'::date)",
    "update shop.ledger set loaded_at = getdate() where id = 1",
    "merge into shop.ledger using shop.lines s on shop.ledger.day = s.invoice_date"
    " when matched then delete when not matched then insert (day) values (s.invoice_date)",
    "lock shop.ledger",
    "analyze shop.lines predicate columns",
    "analyze",
    "set query_group to 'ecom_daily'",
    "show query_group",
    "reset query_group",
    "set statement_timeout to 900000",
    "set enable_result_cache_for_session to off",
    "comment on table shop.ledger is 'published days'",
    "create user tableau password 'Secret123'",
    "create group readers",
    "create role reader",
    "explain select * from shop.lines",
    "grant usage on schema shop to public",
    "show table shop.lines",
    "declare c cursor for select day from shop.ledger",
]


@pytest.mark.parametrize("sql", STATEMENTS)
def test_a_statement_of_redshifts_runs_unchanged(shop: Any, sql: str) -> None:
    shop.execute(sql)


def test_rights_are_granted_to_users_groups_and_roles(shop: Any) -> None:
    for sql in (
        "create user bi password disable",
        "create group bis",
        "create role biro",
        "grant select on all tables in schema shop to bi",
        "grant select on all tables in schema shop to group bis",
        "grant select on shop.lines to role biro",
        "alter default privileges in schema shop grant select on tables to group bis",
    ):
        shop.execute(sql)


@pytest.mark.parametrize("sql", ["select pg_read_file('/etc/passwd')", "create role r superuser"])
def test_no_client_has_the_servers_own_rights(cursor: Any, sql: str) -> None:
    with pytest.raises(redshift_connector.ProgrammingError, match="42501"):
        cursor.execute(sql)


REFUSED = [
    "create index i on shop.lines (quantity)",
    "create table shop.t (a serial)",
    "create table shop.t (a jsonb)",
    "create table shop.t (a int check (a > 1))",
    "create table #t (a int)",
    "create table shop.t (a varchar(x))",
    "create table shop.t (a int identity(x))",
    "create table shop.t (a int",
    "insert into shop.ledger (day) values ('2010-12-01') on conflict do nothing",
    "insert into shop.ledger (day) values ('2010-12-01') returning id",
    "select string_agg(invoice_no, ',') from shop.lines",
    "select generate_series(1, 2)",
    "select array[1]",
    "select count(*) filter (where quantity > 1) from shop.lines",
    "select distinct on (invoice_no) invoice_no from shop.lines",
    "select * exclude event_id from shop.lines",
    "select lag(quantity) ignore nulls over (order by event_id) from shop.lines",
    "select listagg(invoice_no) within group (order by 1) over (partition by 1) from shop.lines",
    "select * from (select quantity, invoice_no from shop.lines)"
    " pivot (sum(quantity) for invoice_no in ('1'))",
    "unload ('select 1') to 's3://lake/x' iam_role default",
    "select percentile_cont(0.5) within group (order by quantity) over () from shop.lines",
    "create table shop.t (a super)",
    "create table shop.t (a varchar(3) collate case_insensitive)",
    "create procedure p() as $$ begin end $$ language plpgsql",
    "create external schema s from data catalog database 'd' iam_role default",
    "merge into shop.ledger using (select 1 as id) s on shop.ledger.id = s.id"
    " when matched then delete when not matched then insert (id) values (1)",
    "declare c no scroll cursor with hold for select 1",
    "savepoint s",
    "create function f() returns int as $$ select 1 $$ language sql",
    "alter table shop.lines append from shop.ledger",
    "analyze compression shop.lines",
    "select 1; select 2",
    "selct 1",
]


@pytest.mark.parametrize("sql", REFUSED)
def test_what_redshift_or_the_stand_in_cannot_do_is_refused(shop: Any, sql: str) -> None:
    with pytest.raises(redshift_connector.ProgrammingError) as refused:
        shop.execute(sql)
    assert refused.value.args[0]["C"] == "0A000"


def test_a_refusal_aborts_the_transaction(shop: Any) -> None:
    with pytest.raises(redshift_connector.ProgrammingError):
        shop.execute("savepoint s")
    with pytest.raises(redshift_connector.ProgrammingError) as refused:
        shop.execute("select 1")
    assert refused.value.args[0]["C"] == "25P02"
    shop.execute("rollback")
    shop.execute("select 1")


def test_a_primary_key_is_informational(shop: Any) -> None:
    shop.execute("create temp table keyed (a int primary key, b int unique)")
    shop.execute("insert into keyed values (1, 1), (1, 1)")
    assert shop.rowcount == 2


def test_a_table_may_have_a_functions_name(shop: Any) -> None:
    shop.execute("create temp table trunc (len int)")
    shop.execute("insert into trunc (len) values (1)")
    shop.execute("with len (a) as (select len from trunc) select a, len('ab') from len")
    assert shop.fetchone() == [1, 2]


def test_varchar_counts_bytes(shop: Any) -> None:
    shop.execute("create temp table short (like shop.lines)")
    shop.execute("alter table short add column note varchar(4)")
    shop.execute("create temp table texts (a varchar(4))")
    shop.execute("insert into texts values ('££')")
    with pytest.raises(redshift_connector.ProgrammingError) as refused:
        shop.execute("insert into texts values ('££1')")
    assert refused.value.args[0]["C"] == "22001"
    assert "££1" not in str(refused.value)


def test_the_system_views_know_columns_keys_and_encodings(shop: Any) -> None:
    shop.execute(
        "select column_name, data_type, character_maximum_length from svv_columns"
        " where table_schema = 'shop' and table_name = 'lines' order by ordinal_position"
    )
    columns = shop.fetchall()
    assert columns[0] == ["event_id", "character varying", 128]
    assert columns[-1] == ["customer", "character varying", 5]
    shop.execute("set search_path to shop")
    shop.execute(
        """select "column", encoding, sortkey from pg_table_def where tablename = 'lines'"""
    )
    assert ["event_id", "zstd", 0] in [list(row) for row in shop.fetchall()]
    shop.execute("""select diststyle, sortkey1, sortkey_num from svv_table_info
                    where "schema" = 'shop' and "table" = 'ledger'""")
    assert shop.fetchone() == ["KEY(day)", "day", 1]
    shop.execute("select count(*) from svv_tables where table_schema = 'shop'")
    assert shop.fetchone() == [2]


def test_identity_and_default_fill_themselves(shop: Any) -> None:
    shop.execute("insert into shop.ledger (day) values ('2010-12-01'), ('2010-12-02')")
    shop.execute("select id, loaded_at > '2020-01-01' from shop.ledger order by id")
    assert [list(row) for row in shop.fetchall()] == [[1, True], [2, True]]


def test_the_drivers_helpers_find_tables_and_columns(shop: Any) -> None:
    assert {row[2] for row in shop.get_tables(schema_pattern="shop")} >= {"lines", "ledger"}
    found = shop.get_columns(schema_pattern="shop", tablename_pattern="ledger")
    assert [row[3] for row in found] == ["id", "day", "loaded_at"]


def test_a_data_frame_can_be_written(shop: Any) -> None:
    pandas = pytest.importorskip("pandas")
    shop.execute("create temp table framed (a int, b varchar(10))")
    shop.write_dataframe(pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]}), "framed")
    shop.execute("select count(*) from framed")
    assert shop.fetchone() == [2]


def test_the_server_says_it_is_redshift(connect: Connect) -> None:
    connection = connect()
    assert (b"server_version", b"8.0.2") in connection.parameter_statuses
    cursor = connection.cursor()
    cursor.execute("select version()")
    assert "Redshift" in cursor.fetchone()[0]


def test_psql_works_and_sees_the_tables(redshift: LocalRedshift) -> None:
    script = """
      create schema if not exists seen;
      create table if not exists seen.by_psql (a int encode az64, b varchar(10)) diststyle even;
      select datediff(day, '2010-12-01', '2010-12-09') as days; -- a comment
      \\dt seen.*
      \\d seen.by_psql
      drop schema seen cascade;
    """
    place = f"host=127.0.0.1 port={redshift.port} dbname=dev user=anyone sslmode=prefer"
    done = subprocess.run(
        [str(bundled_binaries() / "psql"), place, "-X", "-v", "ON_ERROR_STOP=1"],
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "by_psql" in done.stdout
    assert "character varying(10)" in done.stdout
