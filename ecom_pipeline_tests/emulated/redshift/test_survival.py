"""After a kill of any process, commits survive and open transactions leave nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from ecom_pipeline.local.redshift.postgres import Postgres, bundled_binaries
from ecom_pipeline_tests.children import end, running
from ecom_pipeline_tests.emulated.redshift.conftest import Connect
from ecom_pipeline_tests.emulated.redshift.lake import CSV, ROLE, Lake, packed
from ecom_pipeline_tests.emulated.redshift.server import LocalRedshift
from ecom_pipeline_tests.waiting import until

New = Callable[[], LocalRedshift]


def put_row(server: LocalRedshift) -> None:
    connection = server.connect()
    cursor = connection.cursor()
    cursor.execute("create table if not exists kept (a int)")
    cursor.execute("insert into kept values (1)")
    connection.commit()
    cursor.execute("insert into kept values (2)")  # never committed
    connection.close()


def rows(server: LocalRedshift) -> list[int]:
    connection = server.connect()
    cursor = connection.cursor()
    cursor.execute("select a from kept")
    found = [row[0] for row in cursor.fetchall()]
    connection.close()
    return found


def postgres_processes(server: LocalRedshift) -> list[psutil.Process]:
    folder = str((server.home / "postgres").resolve())
    return [
        process
        for process in psutil.process_iter(["name", "cwd"])
        if process.info["name"] == "postgres" and process.info["cwd"] == folder
    ]


def test_a_stop_and_a_start_keep_the_data(new_warehouse: New) -> None:
    server = new_warehouse()
    put_row(server)
    server.stop()
    assert not postgres_processes(server)
    server.start()
    assert rows(server) == [1]
    put_row(server)
    assert rows(server) == [1, 1]


def test_everything_may_be_killed_right_after_a_commit(new_warehouse: New) -> None:
    server = new_warehouse()
    put_row(server)
    for process in postgres_processes(server):
        with suppress(psutil.NoSuchProcess):  # ended with the previous one
            process.kill()
    server.kill()
    assert (server.home / "postgres" / "postmaster.pid").exists(), "a stale pid file is left"
    server.start()
    assert rows(server) == [1]


def test_a_killed_proxy_leaves_no_database_running(new_warehouse: New) -> None:
    server = new_warehouse()
    put_row(server)
    server.kill()
    psutil.wait_procs(postgres_processes(server), timeout=10)
    assert not postgres_processes(server)
    server.start()
    assert rows(server) == [1]


def test_a_database_left_behind_is_stopped_before_the_next_start(
    redshift: LocalRedshift, tmp_path: Path
) -> None:
    assert redshift
    first = Postgres(tmp_path, bundled_binaries())
    first.start()
    left = psutil.Process(int((tmp_path / "postgres" / "postmaster.pid").read_text().split()[0]))
    second = Postgres(tmp_path, bundled_binaries())
    second.start()
    assert not left.is_running() or left.status() == psutil.STATUS_ZOMBIE
    second.stop()
    first.stop()


def test_a_long_path_and_a_blank_in_it_are_no_obstacle(
    redshift: LocalRedshift, tmp_path: Path
) -> None:
    assert redshift
    home = tmp_path / ("a long name " * 9)
    home.mkdir()
    postgres = Postgres(home, bundled_binaries())
    postgres.start()
    assert postgres.socket.exists()
    assert (home / "postgres").stat().st_mode & 0o777 == 0o700
    postgres.stop()
    assert not postgres.socket.exists()


def test_a_busy_port_or_home_is_told_in_one_sentence(
    redshift: LocalRedshift, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "ecom_pipeline.local.redshift", "--s3-endpoint", "http://x"]
    busy_port = ["--home", str(tmp_path), "--port", str(redshift.port)]
    done = subprocess.run([*command, *busy_port], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"port {redshift.port} of 127.0.0.1 can't be used" in done.stderr
    busy_home = ["--home", str(redshift.home), "--port", "0"]
    done = subprocess.run([*command, *busy_home], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "in use by another local Redshift" in done.stderr
    assert "Traceback" not in done.stderr


COPYING = """
import sys, redshift_connector
c = redshift_connector.connect(host="127.0.0.1", port=int(sys.argv[1]), database=sys.argv[2],
                               user="awsuser", password="x", ssl=False)
c.autocommit = sys.argv[3] == "autocommit"
c.cursor().execute(sys.argv[4])
c.commit()
"""


@pytest.mark.parametrize("mode", ["transaction", "autocommit"])
def test_a_client_killed_in_a_copy_leaves_nothing_behind(
    redshift: LocalRedshift, database: str, connect: Connect, lake: Lake, mode: str
) -> None:
    big = packed("header", *(f"{n},{'x' * 100}" for n in range(300_000)))
    lake.put("big.csv.gz", big)
    cursor = connect().cursor()
    cursor.execute("create table public.big (n int, note varchar(100))")
    cursor.execute("commit")
    copy = f"copy public.big from '{lake.url('big.csv.gz')}' {ROLE} {CSV}"
    command = [sys.executable, "-c", COPYING, str(redshift.port), database, mode, copy]
    with running(command) as client:
        until(lambda: rows_are_on_their_way(cursor), "the COPY to begin", every=0.01)
        end(client, signal.SIGKILL)
    killed = time.monotonic()
    cursor.execute("lock public.big")  # granted when the dead client's transaction is rolled back
    assert time.monotonic() - killed < 5
    cursor.execute("select count(*) from public.big")
    assert cursor.fetchone() == [0]


def rows_are_on_their_way(cursor: Any) -> bool:
    cursor.execute("select tuples_processed from pg_stat_progress_copy")
    found = cursor.fetchone()
    cursor.execute("rollback")
    return bool(found) and found[0] > 1000


def test_a_client_can_cancel_its_statement(
    redshift: LocalRedshift, database: str, connect: Connect
) -> None:
    cursor = connect().cursor()
    cursor.execute("create table public.held (a int)")
    cursor.execute("commit")
    cursor.execute("lock public.held")
    place = f"host=127.0.0.1 port={redshift.port} dbname={database} user=me"
    command = [
        str(bundled_binaries() / "psql"),
        place,
        "-X",
        "-c",
        "select count(*) from public.held",
    ]
    watching = connect().cursor()
    with running(command, stderr=subprocess.PIPE, text=True) as client:
        until(lambda: a_lock_is_awaited(watching), "psql's statement to block on the lock")
        client.send_signal(signal.SIGINT)
        _, said = client.communicate(timeout=30)
    assert "canceling statement due to user request" in said


def a_lock_is_awaited(cursor: Any) -> bool:
    cursor.execute("select count(*) from pg_locks where not granted")
    (waiting,) = cursor.fetchone()
    cursor.execute("rollback")
    return waiting > 0


def test_a_client_that_sends_rubbish_is_cut_off(redshift: LocalRedshift) -> None:
    with socket.create_connection(("127.0.0.1", redshift.port)) as connection:
        connection.sendall(os.urandom(64))
        connection.settimeout(5)
        assert connection.recv(10) == b""
