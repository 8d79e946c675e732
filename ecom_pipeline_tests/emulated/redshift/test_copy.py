"""COPY from S3: what it loads, and all that makes it fail."""

from decimal import Decimal
from typing import Any

import pytest
import redshift_connector

from ecom_pipeline_tests.emulated.redshift.conftest import Connect
from ecom_pipeline_tests.emulated.redshift.lake import CSV, ROLE, Lake, copy_manifest, packed

Refused = redshift_connector.ProgrammingError


@pytest.fixture
def stage(cursor: Any) -> Any:
    """A cursor in a transaction that has made an empty table."""
    cursor.execute(
        "create temp table stage (id varchar(10) not null, n int, price decimal(12,4),"
        " at timestamp, note varchar(6))"
    )
    return cursor


def reason(cursor: Any, sql: str) -> str:
    """Run what must fail, roll back, and return what it said."""
    with pytest.raises(Refused) as refused:
        cursor.execute(sql)
    with pytest.raises(Refused, match="25P02"):
        cursor.execute("select 1")
    cursor.execute("rollback")
    return str(refused.value)


def last_error(cursor: Any) -> list[Any]:
    cursor.execute(
        "select file_name, line_number, trim(column_name), error_code, error_message"
        " from sys_load_error_detail order by query_id desc limit 1"
    )
    return list(cursor.fetchone())


def test_a_manifest_of_gzip_files_is_loaded_and_counted(stage: Any, lake: Lake) -> None:
    first = lake.put_csv("ok/1.csv.gz", "a,1,2.5,2010-12-01 08:26,hi", 'b,2,,2010-12-01,"x,""y"')
    second = lake.put_csv("ok/2.csv.gz", "c,-3,0.0001,2010-12-01 08:26:00,")
    stage.execute(copy_manifest("stage", lake.manifest("ok.manifest", first, second)))
    assert stage.rowcount == -1
    stage.execute("select pg_last_copy_count(), pg_last_copy_id() > 0")
    assert stage.fetchone() == [3, True]
    stage.execute("select id, n, price, note from stage order by id")
    assert [tuple(row) for row in stage.fetchall()] == [
        ("a", 1, Decimal("2.5000"), "hi"),
        ("b", 2, None, 'x,"y'),
        ("c", -3, Decimal("0.0001"), None),
    ]
    stage.execute("commit")
    stage.execute("select status, loaded_rows from sys_load_history order by query_id desc limit 1")
    assert stage.fetchone() == ["completed", 3]


def test_columns_can_be_named_in_any_order(stage: Any, lake: Lake) -> None:
    lake.put("named/1.csv", b"7,a\n")
    stage.execute(f"copy stage (n, id) from '{lake.url('named/')}' {ROLE} csv region 'eu-west-2'")
    stage.execute("select id, n, note from stage")
    assert stage.fetchone() == ["a", 7, None]


def test_several_gzip_members_are_one_file(stage: Any, lake: Lake) -> None:
    lake.put("members.gz", packed("header", "a,1,,,") + packed("b,2,,,"))
    stage.execute(f"copy stage from '{lake.url('members.gz')}' {ROLE} {CSV}")
    stage.execute("select pg_last_copy_count()")
    assert stage.fetchone() == [2]


def test_an_identity_column_is_not_in_the_file(cursor: Any, lake: Lake) -> None:
    lake.put("identity.csv", b"a\nb\n")
    cursor.execute("create temp table numbered (id bigint identity(1,1), name varchar(5))")
    cursor.execute(f"copy numbered from '{lake.url('identity.csv')}' {ROLE} csv")
    cursor.execute("select id, name from numbered order by id")
    assert [list(row) for row in cursor.fetchall()] == [[1, "a"], [2, "b"]]


@pytest.mark.parametrize(
    ("options", "notes"),
    [
        ("", ["", "", "nil"]),
        ("emptyasnull", [None, None, "nil"]),
        ("null as 'nil'", ["", "", None]),
        ("null as 'nil' emptyasnull", [None, None, None]),
        ("null as ''", [None, None, "nil"]),
    ],
)
def test_empty_fields_and_null_texts_are_null_as_redshift_says(
    stage: Any, lake: Lake, options: str, notes: list[str | None]
) -> None:
    lake.put("nulls.csv", b'a,,,,\nb,1,2,"",""\nc,3,,,nil\n')
    stage.execute(f"copy stage from '{lake.url('nulls.csv')}' {ROLE} csv {options}")
    stage.execute("select note from stage order by id")
    assert [row[0] for row in stage.fetchall()] == notes
    stage.execute("select n, price from stage order by id limit 1")
    assert stage.fetchone() == [None, None]


def test_a_copy_rolls_back_with_its_transaction(connect: Connect, lake: Lake) -> None:
    cursor = connect().cursor()
    cursor.execute("create table public.rolled (id varchar(5))")
    cursor.execute("commit")
    lake.put("rolled.csv", b"a\n")
    cursor.execute(f"copy public.rolled from '{lake.url('rolled.csv')}' {ROLE} csv")
    cursor.execute("rollback")
    cursor.execute("select count(*) from public.rolled")
    assert cursor.fetchone() == [0]


def test_a_copy_outside_a_transaction_commits_itself(connect: Connect, lake: Lake) -> None:
    connection = connect()
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("create table public.alone (id varchar(5))")
    lake.put("alone.csv", b"a\n")
    cursor.execute(f"copy public.alone from '{lake.url('alone.csv')}' {ROLE} csv")
    with pytest.raises(Refused):
        cursor.execute(f"copy public.alone from '{lake.url('none')}' {ROLE} csv")
    other = connect().cursor()
    other.execute("select count(*) from public.alone")
    assert other.fetchone() == [1]


BAD_RECORDS = [
    ("2,two,,,", ["n", 1207, "Invalid digit, Type: Integer"]),
    ("2,3000000000,,,", ["n", 1204, "Value out of range for the column's type"]),
    ("2,2,much,,", ["price", 1209, "Invalid decimal"]),
    ("2,2,1,someday,", ["at", 1206, "Invalid timestamp format"]),
    ("2,2,1,,longer than that", ["note", 1204, "String length exceeds DDL length"]),
    ("2,2,1,,££££", ["note", 1204, "String length exceeds DDL length"]),
    (",2,1,,", ["id", 1213, "Missing data for not-null field"]),
    ("2,2", ["price", 1201, "Delimiter not found: the record has too few columns"]),
    ("2,2,1,,x,y", ["", 1202, "Extra column(s) found"]),
]


@pytest.mark.parametrize(("record", "expected"), BAD_RECORDS)
def test_a_bad_record_fails_the_load_and_is_written_down(
    stage: Any, lake: Lake, record: str, expected: list[Any]
) -> None:
    entry = lake.put_csv("bad.csv.gz", "1,1,1,2010-12-01,ok", record)
    text = reason(stage, copy_manifest("stage", lake.manifest("bad.manifest", entry)))
    assert "Load into table 'stage' failed.  Check 'sys_load_error_detail' system table" in text
    assert last_error(stage) == [lake.url("bad.csv.gz"), 3, *expected]
    stage.execute("select status from sys_load_history order by query_id desc limit 1")
    assert stage.fetchone() == ["aborted"]
    stage.execute("select count(*) from stl_load_errors where raw_field_value <> ''")
    assert stage.fetchone() == [0]


def test_an_object_that_is_missing_fails_the_load(stage: Any, lake: Lake) -> None:
    here = lake.put_csv("here.csv.gz", "a,1,,,")
    manifest = lake.manifest("missing.manifest", here, lake.entry("gone.csv.gz", 10))
    assert "NoSuchKey" in reason(stage, copy_manifest("stage", manifest))


def test_an_optional_object_may_be_missing_but_not_all_of_them(stage: Any, lake: Lake) -> None:
    here = lake.put_csv("here.csv.gz", "a,1,,,")
    gone = lake.entry("gone.csv.gz", 10, mandatory=False)
    stage.execute(copy_manifest("stage", lake.manifest("optional.manifest", here, gone)))
    stage.execute("select pg_last_copy_count()")
    assert stage.fetchone() == [1]
    text = reason(stage, copy_manifest("stage", lake.manifest("all.manifest", gone)))
    assert "none of the objects" in text


def test_a_length_that_differs_from_the_manifest_fails_the_load(stage: Any, lake: Lake) -> None:
    entry = lake.put_csv("longer.csv.gz", "a,1,,,")
    entry["meta"]["content_length"] += 1
    text = reason(stage, copy_manifest("stage", lake.manifest("longer.manifest", entry)))
    assert "content_length" in text


@pytest.mark.parametrize("kept", [0, 1, 15, -9, -8, -1])
def test_a_truncated_gzip_fails_the_load(stage: Any, lake: Lake, kept: int) -> None:
    whole = packed("header", "a,1,,,", "b,2,,,")
    entry = lake.put("cut.csv.gz", whole[:kept])
    text = reason(stage, copy_manifest("stage", lake.manifest("cut.manifest", entry)))
    assert "not valid gzip" in text


def test_a_truncated_second_member_fails_the_load(stage: Any, lake: Lake) -> None:
    entry = lake.put("cut2.csv.gz", packed("header", "a,1,,,") + packed("b,2,,,")[:-4])
    text = reason(stage, copy_manifest("stage", lake.manifest("cut2.manifest", entry)))
    assert "ends too early" in text


def test_a_field_that_copy_would_take_for_null_is_not_loaded_as_text(
    stage: Any, lake: Lake
) -> None:
    lake.put("null.csv", b"a,1,,,\\N\n")
    text = reason(stage, f"copy stage from '{lake.url('null.csv')}' {ROLE} csv emptyasnull")
    assert "add NULL AS" in text


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("s3://lake/no/such/prefix", "does not exist"),
        ("s3://no-such-bucket/x", "NoSuchBucket"),
    ],
)
def test_a_source_that_does_not_exist_fails_the_load(
    stage: Any, lake: Lake, source: str, expected: str
) -> None:
    assert lake
    assert expected in reason(stage, f"copy stage from '{source}' {ROLE} csv")


def test_a_manifest_that_is_none_fails_the_load(stage: Any, lake: Lake) -> None:
    lake.put("not.manifest", b"[]")
    text = reason(stage, copy_manifest("stage", lake.url("not.manifest")))
    assert "not a COPY manifest" in text


@pytest.mark.parametrize(
    "options",
    [
        "csv",
        "credentials 'aws_access_key_id=x;aws_secret_access_key=y' csv",
        "access_key_id 'x' secret_access_key 'y' csv",
        "iam_role 'me' csv",
        f"{ROLE}",
        f"{ROLE} format as parquet",
        f"{ROLE} format as json 'auto'",
        f"{ROLE} csv maxerror 10",
        f"{ROLE} csv timeformat 'epochsecs'",
        f"{ROLE} csv dateformat 'YYYYMMDD'",
        f"{ROLE} csv truncatecolumns",
        f"{ROLE} csv acceptanydate",
        f"{ROLE} csv delimiter '|'",
        f"{ROLE} csv bzip2",
    ],
)
def test_options_that_are_not_honoured_are_refused(stage: Any, options: str) -> None:
    assert "0A000" in reason(stage, f"copy stage from 's3://lake/x' {options}")


def test_a_column_or_table_that_does_not_exist_is_named(stage: Any) -> None:
    stage.execute("commit")
    text = reason(stage, f"copy stage (nope) from 's3://lake/x' {ROLE} csv")
    assert 'column "nope" of relation "stage" does not exist' in text
    assert '"nowhere" does not exist' in reason(stage, f"copy nowhere from 's3://x/y' {ROLE} csv")
