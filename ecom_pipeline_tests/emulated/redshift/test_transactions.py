"""Transactions, conflicts and locks by the rules of Redshift's snapshot isolation."""

import threading
import time
from typing import Any

import pytest
import redshift_connector

from ecom_pipeline_tests.emulated.redshift.conftest import Connect

pytestmark = pytest.mark.redshift_live
Refused = redshift_connector.ProgrammingError


@pytest.fixture
def table(connect: Connect) -> Any:
    """A committed table with two rows."""
    cursor = connect().cursor()
    cursor.execute("create table public.balance (id int, amount int)")
    cursor.execute("insert into public.balance values (1, 10), (2, 20)")
    cursor.execute("commit")
    return "public.balance"


def total(cursor: Any) -> int:
    cursor.execute("select sum(amount) from public.balance")
    return cursor.fetchone()[0]


def test_nobody_sees_what_is_not_committed(connect: Connect, table: str) -> None:
    writer, reader = connect(), connect()
    writer.cursor().execute(f"insert into {table} values (3, 30)")
    assert total(reader.cursor()) == 30
    writer.commit()
    assert total(reader.cursor()) == 30, "a snapshot does not change within its transaction"
    reader.commit()
    assert total(reader.cursor()) == 60


def test_an_error_aborts_until_the_rollback(connect: Connect, table: str) -> None:
    connection = connect()
    cursor = connection.cursor()
    cursor.execute(f"delete from {table}")
    with pytest.raises(Refused):
        cursor.execute("select * from public.nowhere")
    with pytest.raises(Refused, match="25P02"):
        cursor.execute("select 1")
    connection.rollback()
    assert total(cursor) == 30


def test_autocommit_commits_each_statement(connect: Connect, table: str) -> None:
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(f"delete from {table} where id = 1")
    assert total(connect().cursor()) == 20


def test_explicit_begin_and_commit_work_in_autocommit(connect: Connect, table: str) -> None:
    connection = connect()
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("begin")
    cursor.execute(f"delete from {table}")
    cursor.execute("rollback")
    assert total(cursor) == 30


def test_truncate_commits_its_transaction(connect: Connect, table: str) -> None:
    connection = connect()
    connection.cursor().execute(f"truncate {table}")
    connection.rollback()
    assert total(connection.cursor()) is None


def test_the_second_writer_of_a_row_is_told_of_the_conflict(connect: Connect, table: str) -> None:
    first, second = connect(), connect()
    total(second.cursor())
    first.cursor().execute(f"update {table} set amount = 11 where id = 1")
    first.commit()
    with pytest.raises(Refused) as refused:
        second.cursor().execute(f"update {table} set amount = 12 where id = 1")
    assert refused.value.args[0]["C"] == "XX000"
    assert "conflict with concurrent transaction" in refused.value.args[0]["M"]
    second.rollback()


def test_a_serializable_cycle_is_error_1023(connect: Connect, table: str) -> None:
    first, second = connect(), connect()
    for connection in (first, second):
        connection.autocommit = True
        connection.cursor().execute("begin isolation level serializable")
        total(connection.cursor())
    with pytest.raises(Refused) as refused:  # noqa: PT012 - either may fail
        first.cursor().execute(f"insert into {table} values (3, 1)")
        second.cursor().execute(f"insert into {table} values (4, 1)")
        first.cursor().execute("commit")
        second.cursor().execute("commit")
    assert refused.value.args[0]["C"] == "XX000"
    assert refused.value.args[0]["M"] == "1023"
    assert "Serializable isolation violation on table" in refused.value.args[0]["D"]


def test_a_lock_waits_and_the_snapshot_starts_behind_it(connect: Connect, table: str) -> None:
    holder, waiter = connect(), connect()
    holder.cursor().execute(f"lock {table}")
    holder.cursor().execute(f"insert into {table} values (3, 30)")
    seen: list[int] = []

    def wait() -> None:
        cursor = waiter.cursor()
        cursor.execute(f"lock {table}")
        seen.append(total(cursor))
        waiter.commit()

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.3)  # a real workgroup does not show lock waits to a test
    assert not seen
    holder.commit()
    thread.join(timeout=10)
    assert seen == [60]


def test_a_statement_that_takes_too_long_is_cancelled(connect: Connect, table: str) -> None:
    connection = connect()
    other = connect()
    other.cursor().execute(f"lock {table}")
    cursor = connection.cursor()
    cursor.execute("set statement_timeout to 200")
    with pytest.raises(Refused) as refused:
        total(cursor)
    assert refused.value.args[0]["C"] == "57014"
    connection.rollback()
    other.rollback()


def test_writers_at_once_lose_nothing(connect: Connect, table: str) -> None:
    """Each adds one, and retries on a conflict as the product does."""
    connections = [connect() for _ in range(4)]

    def add(connection: Any) -> None:
        done = 0
        while done < 10:
            try:
                cursor = connection.cursor()
                cursor.execute(f"update {table} set amount = amount + 1 where id = 1")
                connection.commit()
                done += 1
            except Refused as error:
                connection.rollback()
                if "conflict" not in error.args[0]["M"]:
                    raise

    threads = [threading.Thread(target=add, args=(connection,)) for connection in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert total(connect().cursor()) == 70


def test_the_holder_of_a_lock_and_its_label_can_be_looked_up(connect: Connect, table: str) -> None:
    """The columns are AWS's; a user sees the sessions of the same user."""
    holder, other = connect(), connect()
    cursor = holder.cursor()
    cursor.execute("set query_group to 'run=1b2c3d4e'")
    cursor.execute(f"lock {table}")
    cursor.execute("select pg_backend_pid()")
    ((pid,),) = cursor.fetchall()
    found = other.cursor()
    found.execute(
        "select t.pid, t.granted from svv_transactions t join pg_class c on c.oid = t.relation"
        " where c.relname = %s and t.lock_mode = 'AccessExclusiveLock'",
        (table.rpartition(".")[2],),
    )
    assert [tuple(row) for row in found.fetchall()] == [(pid, True)]
    found.execute("select query_label from sys_query_history where session_id = %s", (pid,))
    assert found.fetchall()[0][0].strip() == "run=1b2c3d4e"
