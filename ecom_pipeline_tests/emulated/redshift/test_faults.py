"""A fault of the proxy's own is an error that the client reads, and the connection goes on."""

import socket
import struct
import subprocess
from collections.abc import Iterator

import pytest
from redshift_connector import ProgrammingError

from ecom_pipeline.local.redshift import wire
from ecom_pipeline.local.redshift.postgres import bundled_binaries
from ecom_pipeline_tests.emulated.redshift.conftest import Connect
from ecom_pipeline_tests.emulated.redshift.lake import CSV, ROLE, Lake
from ecom_pipeline_tests.emulated.redshift.server import LocalRedshift

# sqlglot reads nested parentheses by recursion, and Python's has an end
TOO_DEEP = f"select {'(' * 1000}'a customer'{')' * 1000}"
FAULT = "internal error of the local Redshift .RecursionError: .*please report it"


class Client:
    """A client that sends what a driver would not."""

    def __init__(self, port: int, **parameters: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._file = self._socket.makefile("rb")
        self._socket.sendall(wire.startup({"user": "me", "database": "dev"} | parameters))
        self.until_ready()

    def send(self, *messages: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
        self._socket.sendall(b"".join(wire.message(*each) for each in messages))
        return self.until_ready()

    def until_ready(self) -> list[tuple[bytes, bytes]]:
        said = [self._message()]
        while said[-1][0] != b"Z":
            said.append(self._message())
        return said

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def _message(self) -> tuple[bytes, bytes]:
        kind, length = struct.unpack("!cI", self._file.read(5))
        return kind, self._file.read(length - 4)


@pytest.fixture
def client(redshift: LocalRedshift) -> Iterator[Client]:
    made = Client(redshift.port)
    yield made
    made.close()


def parse(name: str, sql: str) -> tuple[bytes, bytes]:
    return b"P", f"{name}\0{sql}\0".encode() + b"\0\0"


def bind(name: str) -> tuple[bytes, bytes]:
    return b"B", f"\0{name}\0".encode() + bytes(6)


EXECUTE, SYNC = (b"E", bytes(5)), (b"S", b"")


def test_a_fault_is_an_error_and_the_connection_goes_on(
    connect: Connect, redshift: LocalRedshift
) -> None:
    connection = connect()
    cursor = connection.cursor()
    cursor.execute("create table kept (a int)")
    connection.commit()
    cursor.execute("insert into kept values (1)")
    with pytest.raises(ProgrammingError, match=FAULT) as caught:
        cursor.execute(TOO_DEEP)
    assert caught.value.args[0]["C"] == "XX000"
    with pytest.raises(ProgrammingError, match="current transaction is aborted"):
        cursor.execute("select 1")
    connection.rollback()
    cursor.execute("select count(*) from kept")
    assert cursor.fetchone() == [0]
    log = (redshift.home / "redshift.log").read_text()
    assert "internal error: RecursionError\n" in log
    assert "translate_query" in log
    assert "a customer" not in log


def test_psql_goes_on_after_a_fault(redshift: LocalRedshift) -> None:
    place = f"host=127.0.0.1 port={redshift.port} dbname=dev user=me"
    command = [str(bundled_binaries() / "psql"), place, "-XAt"]
    script = f"{TOO_DEEP};\nselect 7;\n"
    done = subprocess.run(
        command, input=script, capture_output=True, text=True, check=False, timeout=60
    )
    assert "internal error of the local Redshift" in done.stderr
    assert done.stdout == "7\n"


def test_a_fault_in_a_batch_is_told_once_and_in_its_place(client: Client) -> None:
    batch = [parse("a", "select 1"), bind("a"), EXECUTE, parse("b", TOO_DEEP), bind("b"), EXECUTE]
    said = client.send(*batch, SYNC)
    assert b"".join(kind for kind, _ in said) == b"12DCEZ"
    assert [kind for kind, _ in client.send(parse("", "select 1"), SYNC)] == [b"1", b"Z"]


def test_a_client_of_protocol_2_need_not_describe_what_it_binds(redshift: LocalRedshift) -> None:
    client = Client(redshift.port, client_protocol_version="2")
    in_binary = (b"B", b"\0a\0" + struct.pack("!HHHh", 0, 0, 1, 1))
    batch = [parse("a", "select 1.5::decimal(4,2), 7"), in_binary, (b"D", b"P\0"), EXECUTE, SYNC]
    said = dict(client.send(*batch))
    row = struct.pack("!hiqii", 2, 8, 150, 4, 7)
    assert said[b"D"] == row
    assert said[b"T"].count(struct.pack("!Ihih", 1700, -1, (4 << 16) + 6, 1)) == 1
    (kind, error), (last, _) = client.send((b"B", b"\0none\0" + bytes(6)), SYNC)
    assert (kind, wire.fields_of(error)["C"], last) == (b"E", "26000", b"Z")
    (_, description), *_ = client.send((b"Q", b"select 1.5::decimal(4,2) as x\0"))
    assert description == b"\0\1x\0" + struct.pack("!IhIhih", 0, 0, 1700, -1, (4 << 16) + 6, 0) + (
        b"\0\0\0\0\x10\x01"
    )
    client.close()


def test_each_result_of_a_batch_is_converted_as_its_own(redshift: LocalRedshift) -> None:
    client = Client(redshift.port, client_protocol_version="2")
    kinds = {"n": "1.5::decimal(4,2)", "i": "7"}
    in_binary = struct.pack("!HHHh", 0, 0, 1, 1)
    parsed = [parse(name, f"select {value}") for name, value in kinds.items()]
    order = [("p", "n"), ("q", "i"), ("r", "n"), ("s", "i")]
    bound = [(b"B", f"{portal}\0{name}\0".encode() + in_binary) for portal, name in order]
    executed = [(b"E", f"{portal}\0".encode() + bytes(4)) for portal, _ in order]
    said = client.send(*parsed, *bound, *executed, SYNC)
    values = [body[6:] for kind, body in said if kind == b"D"]
    assert values == [struct.pack("!q", 150), struct.pack("!i", 7)] * 2
    client.close()


@pytest.mark.parametrize(
    "message", [(b"Q", b"select '\xff'\0"), (b"P", b"\xff"), (b"B", b""), (b"D", b"S")]
)
def test_a_message_that_is_no_message_is_an_error(
    client: Client, message: tuple[bytes, bytes]
) -> None:
    batch = [message] if message[0] == b"Q" else [message, SYNC]
    said = client.send(*batch)
    assert [kind for kind, _ in said] == [b"E", b"Z"]
    assert client.send((b"Q", b"select 7\0"))[1] == (b"D", b"\0\1\0\0\0\x017")


def test_a_start_that_is_no_start_is_told(redshift: LocalRedshift) -> None:
    with socket.create_connection(("127.0.0.1", redshift.port), timeout=30) as connection:
        connection.sendall(struct.pack("!II", 12, wire.PROTOCOL) + b"\xff\xff\xff\xff")
        said = connection.makefile("rb").read()
    assert said[:1] == b"E"
    assert b"FATAL" in said


def test_a_fault_in_a_copy_leaves_no_transaction_open(connect: Connect, lake: Lake) -> None:
    lake.put("odd.manifest", b'{"entries": [{"url": "s3://lake/x", "meta": "a text"}]}')
    connection = connect()
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("create table public.t (a int)")
    with pytest.raises(ProgrammingError):
        cursor.execute(f"copy public.t from '{lake.url('odd.manifest')}' {ROLE} {CSV} manifest")
    cursor.execute("insert into public.t values (1)")
    other = connect().cursor()
    other.execute("select count(*) from public.t")
    assert other.fetchone() == [1]
